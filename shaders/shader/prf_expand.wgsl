// ChaCha12 keystream (Bernstein, 2008), 64-bit counter and 64-bit nonce, as words that are masked for their element.
//
// Elements of up to 32 bits are one word each, wider ones two, low word first: `even_mask` and `odd_mask` are equal for
// the former and the two halves of the element's mask for the latter. The host widens words to ring elements.
//
// Dispatch: one invocation a 64-byte block, at most 2^32 blocks a stream.
// Mirror: src/cpu/prf_expand.rs

struct Params {
    /// The first half of the 256-bit key.
    key_low: vec4<u32>,
    /// The second half of the 256-bit key.
    key_high: vec4<u32>,
    /// The nonce, low word first.
    stream: vec2<u32>,
    /// Block of the keystream that this dispatch begins with.
    first_block: u32,
    /// Words that this dispatch writes.
    words: u32,
    /// Mask of the words at even places.
    even_mask: u32,
    /// Mask of the words at odd places.
    odd_mask: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

struct State {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    d: vec4<u32>,
}

fn rotate(x: vec4<u32>, bits: u32) -> vec4<u32> {
    return (x << vec4<u32>(bits)) | (x >> vec4<u32>(32u - bits));
}

// Four quarter rounds at once, one a column.
fn columns(state: State) -> State {
    var s = state;
    s.a += s.b;
    s.d = rotate(s.d ^ s.a, 16u);
    s.c += s.d;
    s.b = rotate(s.b ^ s.c, 12u);
    s.a += s.b;
    s.d = rotate(s.d ^ s.a, 8u);
    s.c += s.d;
    s.b = rotate(s.b ^ s.c, 7u);
    return s;
}

fn store(first: u32, words: vec4<u32>) {
    let masked = words & vec4<u32>(params.even_mask, params.odd_mask, params.even_mask, params.odd_mask);
    for (var i = 0u; i < 4u; i++) {
        if (first + i < params.words) {
            out[first + i] = masked[i];
        }
    }
}

@compute @workgroup_size(64, 1, 1)
fn prf_expand(@builtin(global_invocation_id) invocation: vec3<u32>) {
    let first = invocation.x * 16u;
    if (first >= params.words) {
        return;
    }
    let constants = vec4<u32>(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u);
    let counter = vec4<u32>(params.first_block + invocation.x, 0u, params.stream.x, params.stream.y);
    var s = State(constants, params.key_low, params.key_high, counter);
    for (var double_round = 0u; double_round < 6u; double_round++) {
        s = columns(s);
        s = columns(State(s.a, s.b.yzwx, s.c.zwxy, s.d.wxyz));
        s = State(s.a, s.b.wxyz, s.c.zwxy, s.d.yzwx);
    }
    store(first, s.a + constants);
    store(first + 4u, s.b + params.key_low);
    store(first + 8u, s.c + params.key_high);
    store(first + 12u, s.d + counter);
}
