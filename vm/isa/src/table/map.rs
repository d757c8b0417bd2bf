//! Maps.

#[macro_export]
#[doc(hidden)]
macro_rules! map_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Copy of `map` with `(key, value)` pairs set.
            154 put_map_assoc PutMapAssoc { fail: Fail, map: Src, dst: Dst, live: Live, pairs: Vec<(Src, Src)> } [gc raise];
            /// Copy of `map` with values replaced; every key must be there.
            155 put_map_exact PutMapExact { fail: Fail, map: Src, dst: Dst, live: Live, pairs: Vec<(Src, Src)> } [gc raise];
            /// Go to `fail` unless the map has every key.
            157 has_map_fields HasMapFields { fail: Fail, map: Src, keys: Vec<Src> } [pure];
            /// Fetch the values of several keys; `fail` when one is missing.
            158 get_map_elements GetMapElements { fail: Fail, map: Src, pairs: Vec<(Src, Dst)> } [];
        }
    };
}
