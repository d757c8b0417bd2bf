//! Native libraries find the functions of the C interface in the program itself.

fn main() {
    for pattern in ["enif_*", "driver_*", "erl_drv_*"] {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol={pattern}");
    }
    for name in [
        "add_driver_entry",
        "remove_driver_entry",
        "set_busy_port",
        "set_port_control_flags",
        "get_port_flags",
        "null_func",
        "erl_errno_id",
    ] {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
}
