//! The module's MD5, as `module_info(md5)` and `code:module_md5/1` give it.

use num::checksum::Md5;

use crate::chunk::Chunks;

/// The chunks that count, in order.
const CHUNKS: [&[u8; 4]; 10] =
    [b"AtU8", b"Code", b"StrT", b"ImpT", b"ExpT", b"FunT", b"LitT", b"Meta", b"Recs", b"DbgB"];

/// MD5 over the chunks that make the module what it is. The `old_uniq` field of lambdas is left
/// out, because it is taken from the MD5 itself.
pub(crate) fn of_module(chunks: &Chunks) -> [u8; 16] {
    let mut md5 = Md5::new();
    for id in CHUNKS {
        match chunks.get(id) {
            Some(data) if id == b"FunT" => {
                let (count, rows) = data.split_at(data.len().min(4));
                md5.update(count);
                for row in rows.chunks(24) {
                    md5.update(&row[..row.len().min(20)]);
                    md5.update(&[0; 4]);
                }
            }
            Some(data) => md5.update(data),
            None => {}
        }
    }
    md5.finish()
}
