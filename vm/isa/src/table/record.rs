//! Native records (OTP 29).

#[macro_export]
#[doc(hidden)]
macro_rules! record_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Go to `fail` unless `src` is any native record.
            186 is_any_native_record IsAnyNativeRecord { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a native record of that module and name.
            187 is_native_record IsNativeRecord { fail: Fail, src: Src, module: AtomIx, name: AtomIx } [pure];
            /// Fetch several fields; `fail` when one is missing.
            188 get_record_elements GetRecordElements { fail: Fail, src: Src, fields: Vec<(AtomIx, Dst)> } [];
            /// Create (`src` is `[]`) or update a native record.
            189 put_record PutRecord { fail: Fail, id: Src, src: Src, dst: Dst, live: Live, fields: Vec<(AtomIx, Src)> } [gc raise];
            /// Go to `fail` unless the fields are visible from here.
            190 is_record_accessible IsRecordAccessible { fail: Fail, src: Src, scope: AtomIx } [pure];
            /// Fetch one field.
            191 get_record_field GetRecordField { fail: Fail, src: Src, id: Src, field: AtomIx, dst: Dst } [raise];
        }
    };
}
