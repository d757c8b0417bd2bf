//! Moving terms, lists and tuples. Building ops use heap space reserved before.

#[macro_export]
#[doc(hidden)]
macro_rules! data_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Copy a term.
            64 move Move { src: Src, dst: Dst } [pure];
            /// Exchange two registers.
            169 swap Swap { a: Dst, b: Dst } [];
            /// Head and tail of a cons cell.
            65 get_list GetList { src: Src, head: Dst, tail: Dst } [pure];
            /// Head of a cons cell.
            162 get_hd GetHd { src: Src, head: Dst } [pure];
            /// Tail of a cons cell.
            163 get_tl GetTl { src: Src, tail: Dst } [pure];
            /// Build a cons cell.
            69 put_list PutList { head: Src, tail: Src, dst: Dst } [];
            /// Element of a tuple; `index` counts from 0.
            66 get_tuple_element GetTupleElement { src: Src, index: u32, dst: Dst } [pure];
            /// Overwrite an element of a tuple that nothing else can see; `index` counts from 0.
            67 set_tuple_element SetTupleElement { value: Src, tuple: Src, index: u32 } [];
            /// Build a tuple.
            164 put_tuple2 PutTuple2 { dst: Dst, elements: Vec<Src> } [];
            /// Copy of a tuple of `size` elements with `(index from 1, value)` replaced.
            181 update_record UpdateRecord { hint: RecordHint, size: u32, src: Src, dst: Dst, updates: Vec<(u32, Src)> } [];
        }
    };
}
