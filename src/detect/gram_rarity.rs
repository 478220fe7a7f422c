//! How common pairs of bytes are in source code, so that the prefilter can search for the rarest
//! stretch of a keyword.

/// A pair's rarity in eighths of a bit: -8 log2 of its share among all pairs, two hexadecimal
/// digits each, one row for each class of the first byte, one column for each of the second.
///
/// Measured over 12 MB of Rust, C, Python, JavaScript and Markdown from published packages. Only
/// speed depends on it, never what is found.
const PAIRS: [&str; 36] = [
    "7255464b7158537b538660414d42834f893e433a565f5a5b54785850726a7863bc4f6655",
    "5772626e5076789c4a65995575875676b45964614b809c94599c5a6d815c8370b03e5b59",
    "486c5f6c4b55714650ac4f5164733a647d4d5a485b6c81896a9a5a4b796f6b5c9e5d6d52",
    "516c6b563e5f50894a8b93626e7a50678c575a6758747c796b97584d74597e5198466149",
    "47504743534f5673617e65424b3c64505338403f6a4f57495e7c574761547646993a533b",
    "51726d604f53578a48aa9e4c634f4975a85454605b9a7a9174bc57556f548e5e9a4b6a4c",
    "67837c83438078614eaa8b68715c6678915c55676185828e767a6f527b68634d934d604d",
    "4a8582714185918750bc83806b815381bc5d68585f8e72bc758c7e5982708c6698507153",
    "54594c494f46519275956c4b4c3643558656443d8451955cac4d6265877d8268a1687b60",
    "869998bc63a29fb073b096b09aa4737cb0a1609a73b0bcbcacbc9688aa9baaa8bc8b927f",
    "6e787a6c4e7b898a5aacb08088727d81a17c6670768b77bc84a6875c81749262b4607b56",
    "466e734f3e4a7b8a45946d4a677447699f735550536c6f9c589361547c6b68599b515e52",
    "455f6b65447d7d8a52b481685f754d4d847955614d867f9b5eb06d546f6d6360ac596f56",
    "4d6e4d424153437850895f546f5e475e87663d3e5362638a5e7e6f496d6283509142624a",
    "675f4b4d6b4f5e865c7d55514a3653479c3e544b4a5c536a7b9d7352706e7c63a64d7359",
    "457b6b6e4565796758b07a4f74804e59954958493d69818e5cac6f528a6d8a5ea85e704e",
    "909791877f9d81bc90bcbc8f949086939e88829e55b0a8bcbcb48872ac97b07aac7d8958",
    "3f6e5857385c4d7c45b46166574e4462824b4c484e686e7254926c4e775e795394466644",
    "5574536f3b725a52458b615f60684d5079624c374e756f83587e664a7655614d8f405b48",
    "4376525f3a5e7a3d40ac75595f714654953f4f4d4d726c6345756040635a734b94375c40",
    "623d565e4f5c529e54aa974a52486d569d4a4746758ba15da89643729c90a178b46c7a5c",
    "4c856c7945688b7e54aca06b7375687f947c747c9c958e6ca8b0606583659365ac738a61",
    "56897b745a7e95574fac9a788b615f8396586b7a929b7c9492bc865e88779667a8617d57",
    "616e65676166a16d69bc946c709480578b8774587b8b85847faa4f5c7b6c7061a6596f5a",
    "85787c8e66798586729db06b6d63664ea479575d918179aa8d94834c76688857994f6c4f",
    "71968f7c4d8b94b07abc9b8483846baab4a38aa090aca8b47e8992709a99a17aac897a78",
    "5c5b5d5b5c5c8e8a7b8c8792807d7787968481775d90a14ca4932953645570519b425834",
    "4d484d524e50595c48705d504e54524d6a4e47464d535d6872754d4da68ea67cbc6f935d",
    "757374777c778583769a8a667c7f79749c7070737f8381959d835cbc64a3b0bc815c8e49",
    "5e695868635f6663567a7463636c695e85615d606263679483915973806081b47b587a4e",
    "78756f6e7c7564827385916972797d65a0636c69858b7f8b909564a47e8a39bca042884a",
    "65665064545b6c78568b8764585555618c605f576c70618783806b7491915f3a95398555",
    "979495a8aca1ac9ba6acbc9ca899bca4bca29ca2b49bb4bcacbc7dbca0aab4bc59397f55",
    "3e463947474154523f6362484a4a46455f473d3b424c496866653848505b435b391a4331",
    "566b655e6b5e786c63888161526c6e6a8d645d5e716e7277887e646c7b6f77598e5a673d",
    "54574a4c58505a5e4a696c5b4e4d5c3d7950484d515a61667477455a4f50485863274223",
];

/// Letters by themselves, digits together, and the marks that are common in code.
fn class(byte: u8) -> usize {
    match byte | 0x20 {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        b'0'..=b'9' => 26,
        0x7f => 27, // `_` with the bit set
        b'-' => 28,
        b'.' => 29,
        b'/' => 30,
        b':' => 31,
        b'=' => 32,
        b' ' => 33,
        b'"' | b'\'' => 34,
        _ => 35,
    }
}

fn pair(a: u8, b: u8) -> u32 {
    let (row, column) = (PAIRS[class(a)].as_bytes(), class(b) * 2);
    let digit = |at: usize| (row[at] as char).to_digit(16).unwrap_or(0);
    digit(column) * 16 + digit(column + 1)
}

/// How rare four bytes are, in eighths of a bit, taking each pair as independent of the others.
pub fn rarity(gram: [u8; 4]) -> u32 {
    pair(gram[0], gram[1]) + pair(gram[1], gram[2]) + pair(gram[2], gram[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_letters_are_rare() {
        assert!(rarity(*b"qzxj") > rarity(*b"tion"));
        assert!(rarity(*b"ghp_") > rarity(*b"the "));
        assert!(PAIRS.iter().all(|row| row.len() == 72));
    }
}
