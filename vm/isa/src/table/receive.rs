//! Sending and receiving.

#[macro_export]
#[doc(hidden)]
macro_rules! receive_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Send x1 to x0; the message is left in x0.
            20 send Send { } [call gc raise yield];
            /// Take the current message out of the queue and cancel the timeout.
            21 remove_message RemoveMessage { } [];
            /// A timeout has come: forget it and start the next scan from the front.
            22 timeout Timeout { } [];
            /// Look at the current message; `fail` when the queue is exhausted.
            23 loop_rec LoopRec { fail: Fail, dst: Dst } [gc];
            /// The message did not match: advance and go back to `target`.
            24 loop_rec_end LoopRecEnd { target: Label } [yield end];
            /// Wait for a message, then go on at `target`.
            25 wait Wait { target: Label } [yield end];
            /// Wait for a message, then go on at `target`; fall through after `time` ms (`infinity`: never).
            26 wait_timeout WaitTimeout { target: Label, time: Src } [raise yield];
            /// Save the queue position (compilers before OTP 24); may do nothing.
            150 recv_mark RecvMark { label: Label } [];
            /// Scan from the saved position (compilers before OTP 24); may do nothing.
            151 recv_set RecvSet { label: Label } [];
            /// Tie a reserved marker to a reference.
            173 recv_marker_bind RecvMarkerBind { marker: Src, reference: Src } [];
            /// Drop the marker of a reference.
            174 recv_marker_clear RecvMarkerClear { reference: Src } [];
            /// Reserve a marker at the end of the queue.
            175 recv_marker_reserve RecvMarkerReserve { dst: Dst } [];
            /// Start the scan at the marker of a reference.
            176 recv_marker_use RecvMarkerUse { reference: Src } [];
        }
    };
}
