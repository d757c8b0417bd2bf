//! All functions of the interface, so that the linker keeps them: nothing in the program calls them.

macro_rules! anchor {
    ($($name:ident)*) => {
        unsafe extern "C" {
            $( fn $name(); )*
            /// Those of `variadic.c`.
            static oxbeam_variadic: u8;
        }
        /// Their addresses.
        static FUNCTIONS: &[unsafe extern "C" fn()] = &[$( $name ),*];
        #[cfg(test)]
        const NAMES: &[&str] = &[$( stringify!($name) ),*];
    };
}

anchor! {
    add_driver_entry driver_alloc driver_alloc_binary driver_async driver_async_port_key
    driver_binary_dec_refc driver_binary_get_refc driver_binary_inc_refc driver_caller
    driver_cancel_timer driver_compare_monitors driver_connected driver_create_port
    driver_demonitor_process driver_deq driver_dl_close driver_dl_error driver_dl_open driver_dl_sym
    driver_enq driver_enq_bin driver_enqv driver_exit driver_failure driver_failure_atom
    driver_failure_eof driver_failure_posix driver_free driver_free_binary
    driver_get_monitored_process driver_get_now driver_lock_driver driver_mk_atom driver_mk_port
    driver_mk_term_nil driver_monitor_process driver_output driver_output2 driver_output_binary
    driver_output_term driver_outputv driver_pdl_create driver_pdl_dec_refc driver_pdl_get_refc
    driver_pdl_inc_refc driver_pdl_lock driver_pdl_unlock driver_peekq driver_peekqv driver_pushq
    driver_pushq_bin driver_pushqv driver_read_timer driver_realloc driver_realloc_binary
    driver_select driver_send_term driver_set_timer driver_sizeq driver_system_info
    driver_vec_to_buf enif_alloc enif_alloc_binary enif_alloc_env enif_alloc_resource
    enif_binary_to_term enif_clear_env enif_compare enif_compare_monitors enif_cond_broadcast
    enif_cond_create enif_cond_destroy enif_cond_name enif_cond_signal enif_cond_wait
    enif_consume_timeslice enif_convert_time_unit enif_cpu_time enif_demonitor_process enif_dlopen
    enif_dlsym enif_dynamic_resource_call enif_equal_tids enif_free enif_free_env enif_free_iovec
    enif_get_atom enif_get_atom_cache_index enif_get_atom_length enif_get_double enif_get_int enif_get_int64
    enif_get_list_cell enif_get_list_length enif_get_local_pid enif_get_local_port enif_get_long
    enif_get_map_size enif_get_map_value enif_get_resource enif_get_string enif_get_string_length
    enif_get_tuple enif_get_uint enif_get_uint64 enif_get_ulong enif_getenv
    enif_has_pending_exception enif_hash enif_init_resource_type enif_inspect_binary
    enif_inspect_iolist_as_binary enif_inspect_iovec enif_ioq_create enif_ioq_deq enif_ioq_destroy
    enif_ioq_enq_binary enif_ioq_enqv enif_ioq_peek enif_ioq_peek_head enif_ioq_size enif_is_atom
    enif_is_binary enif_is_current_process_alive enif_is_empty_list enif_is_exception enif_is_fun
    enif_is_identical enif_is_list enif_is_map enif_is_number enif_is_pid enif_is_pid_undefined
    enif_is_port enif_is_port_alive enif_is_process_alive enif_is_ref enif_is_tuple
    enif_keep_resource enif_make_atom enif_make_atom_len enif_make_badarg enif_make_binary
    enif_make_copy enif_make_double enif_make_existing_atom enif_make_existing_atom_len
    enif_make_int enif_make_int64 enif_make_list_cell enif_make_list_from_array enif_make_long
    enif_make_map_from_arrays enif_make_map_put enif_make_map_remove enif_make_map_update
    enif_make_monitor_term enif_make_new_atom enif_make_new_atom_len enif_make_new_binary
    enif_make_new_map enif_make_ref enif_make_resource enif_make_resource_binary
    enif_make_reverse_list enif_make_string enif_make_string_len enif_make_sub_binary
    enif_make_tuple_from_array enif_make_uint enif_make_uint64 enif_make_ulong
    enif_make_unique_integer enif_map_iterator_create enif_map_iterator_destroy
    enif_map_iterator_get_pair enif_map_iterator_is_head enif_map_iterator_is_tail
    enif_map_iterator_next enif_map_iterator_prev enif_max_atom_cache_index enif_monitor_process enif_monotonic_time
    enif_mutex_create enif_mutex_destroy enif_mutex_lock enif_mutex_name enif_mutex_trylock
    enif_mutex_unlock enif_now_time enif_open_resource_type enif_open_resource_type_x
    enif_port_command enif_priv_data enif_raise_exception enif_realloc enif_realloc_binary
    enif_release_binary enif_release_resource enif_rwlock_create enif_rwlock_destroy
    enif_rwlock_name enif_rwlock_rlock enif_rwlock_runlock enif_rwlock_rwlock enif_rwlock_rwunlock
    enif_rwlock_tryrlock enif_rwlock_tryrwlock enif_schedule_nif enif_select enif_select_x enif_self
    enif_send enif_set_pid_undefined enif_sizeof_resource enif_system_info enif_term_size
    enif_term_to_binary enif_term_type enif_thread_create enif_thread_exit enif_thread_join
    enif_thread_name enif_thread_opts_create enif_thread_opts_destroy enif_thread_self
    enif_thread_type enif_time_offset enif_tsd_get enif_tsd_key_create enif_tsd_key_destroy
    enif_tsd_set enif_whereis_pid enif_whereis_port erl_drv_busy_msgq_limits erl_drv_cond_broadcast
    erl_drv_cond_create erl_drv_cond_destroy erl_drv_cond_name erl_drv_cond_signal erl_drv_cond_wait
    erl_drv_consume_timeslice erl_drv_convert_time_unit erl_drv_equal_tids erl_drv_getenv
    erl_drv_init_ack erl_drv_monotonic_time erl_drv_mutex_create erl_drv_mutex_destroy
    erl_drv_mutex_lock erl_drv_mutex_name erl_drv_mutex_trylock erl_drv_mutex_unlock
    erl_drv_output_term erl_drv_putenv erl_drv_rwlock_create erl_drv_rwlock_destroy
    erl_drv_rwlock_name erl_drv_rwlock_rlock erl_drv_rwlock_runlock erl_drv_rwlock_rwlock
    erl_drv_rwlock_rwunlock erl_drv_rwlock_tryrlock erl_drv_rwlock_tryrwlock erl_drv_send_term
    erl_drv_set_os_pid erl_drv_thread_create erl_drv_thread_exit erl_drv_thread_join
    erl_drv_thread_name erl_drv_thread_opts_create erl_drv_thread_opts_destroy erl_drv_thread_self
    erl_drv_time_offset erl_drv_tsd_get erl_drv_tsd_key_create erl_drv_tsd_key_destroy
    erl_drv_tsd_set erl_errno_id get_port_flags null_func oxbeam_print_term oxbeam_set_option
    remove_driver_entry set_busy_port set_port_control_flags
}

/// Refers to every function, in a way that the compiler cannot see through.
pub fn keep() {
    core::hint::black_box(FUNCTIONS);
    core::hint::black_box(&raw const oxbeam_variadic);
    core::hint::black_box(&raw const crate::driver::port::driver_term_nil);
}

#[cfg(test)]
mod tests {
    use super::NAMES;
    use std::path::Path;

    /// Every exported function is named above.
    #[test]
    fn nothing_is_forgotten() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = |dir: &Path| std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path());
        for path in files(&top).chain(files(&top.join("driver"))).filter(|p| p.is_file()) {
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("#[unsafe(no_mangle)]").skip(1).filter(|p| p.contains("fn ")) {
                let name = part.split("fn ").nth(1).unwrap().split('(').next().unwrap();
                let fixed = name.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(!fixed || NAMES.contains(&name), "{name} of {}", path.display());
            }
        }
    }
}
