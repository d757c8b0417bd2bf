//! Any bytes: loading answers, and what it accepts can be disassembled.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(module) = loader::load(bytes) {
        for (i, op) in module.code.iter().enumerate() {
            assert!(!op.to_string().is_empty());
            let _ = module.line_at(i as u32);
        }
    }
});
