//! Frames and heap reservation. `live` counts the X registers that survive a collection.

#[macro_export]
#[doc(hidden)]
macro_rules! frame_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// New frame of `words` Y slots; the slots are undefined.
            12 allocate Allocate { words: u32, live: Live } [gc frame];
            /// New frame of `words` Y slots, and heap space.
            13 allocate_heap AllocateHeap { words: u32, need: Need, live: Live } [gc frame];
            /// New frame with every slot set to `[]`.
            14 allocate_zero AllocateZero { words: u32, live: Live } [gc frame];
            /// New frame with every slot set to `[]`, and heap space.
            15 allocate_heap_zero AllocateHeapZero { words: u32, need: Need, live: Live } [gc frame];
            /// Make sure that the heap has room for `need`.
            16 test_heap TestHeap { need: Need, live: Live } [gc];
            /// Set one Y slot to `[]`.
            17 init Init { dst: YReg } [];
            /// Set the listed Y slots to `[]`.
            172 init_yregs InitYregs { list: Vec<YReg> } [];
            /// Drop the frame of `words` slots.
            18 deallocate Deallocate { words: u32 } [frame];
            /// Drop the first `words` slots of the frame; `remaining` are left and renumbered from y0.
            136 trim Trim { words: u32, remaining: u32 } [frame];
        }
    };
}
