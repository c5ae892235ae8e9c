// out = left ⊙ right, or out += left ⊙ right, over Z_2^64, element by element. Exact for every input.
//
// Dispatch: one invocation an element.
// Mirror: src/cpu/ring_hadamard.rs

struct Params {
    /// Number of elements.
    elements: u32,
    /// 1 to add to `out`, 0 to overwrite it.
    accumulate: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> left: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> right: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec2<u32>>;

fn add64(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let low = x.x + y.x;
    return vec2<u32>(low, x.y + y.y + select(0u, 1u, low < x.x));
}

fn multiply64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let a0 = a.x & 0xffffu;
    let a1 = a.x >> 16u;
    let b0 = b.x & 0xffffu;
    let b1 = b.x >> 16u;
    let part = a0 * b1;
    let middle = part + a1 * b0;
    let carry = select(0u, 0x10000u, middle < part);
    let ones = vec2<u32>(a0 * b0, a1 * b1 + a.x * b.y + a.y * b.x + carry);
    return add64(ones, vec2<u32>(middle << 16u, middle >> 16u));
}

@compute @workgroup_size(64, 1, 1)
fn ring_hadamard(@builtin(global_invocation_id) invocation: vec3<u32>) {
    let i = invocation.x;
    if (i >= params.elements) {
        return;
    }
    var value = multiply64(left[i], right[i]);
    if (params.accumulate != 0u) {
        value = add64(value, out[i]);
    }
    out[i] = value;
}
