// Sine and cosine of 2π·angle/2^period_bits with 12 fraction bits, from a table of the first quarter of the wave.
//
// The angle is rounded to 16 bits of a turn, halves up; its bits above the period do not matter. `table` holds
// round(2^12·sin(2π·i/2^16)) for i from 0 to 2^14, both included. The host extends the results' signs to 64 bits.
//
// Dispatch: one invocation an element.
// Mirror: src/cpu/sine_cosine.rs

struct Params {
    /// Number of elements.
    elements: u32,
    /// Bits of a turn, 16 to 64.
    period_bits: u32,
    /// Fills the structure up to a multiple of 16 bytes.
    padding: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> angle: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec2<i32>>;

// The low word of x ≫ shift, for shifts of 0 to 63.
fn shift_right(x: vec2<u32>, shift: u32) -> u32 {
    if (shift >= 32u) {
        return x.y >> (shift - 32u);
    }
    if (shift == 0u) {
        return x.x;
    }
    return (x.x >> shift) | (x.y << (32u - shift));
}

fn look_up(step: u32) -> i32 {
    let within = step & 0x3fffu;
    let i = select(within, 0x4000u - within, (step & 0x4000u) != 0u);
    let value = i32(table[i]);
    return select(value, -value, (step & 0x8000u) != 0u);
}

@compute @workgroup_size(64, 1, 1)
fn sine_cosine(@builtin(global_invocation_id) invocation: vec3<u32>) {
    let i = invocation.x;
    if (i >= params.elements) {
        return;
    }
    let x = angle[i];
    // Rounding up is adding the first bit that is dropped; a carry out of the turn is a whole turn.
    let dropped = params.period_bits - 16u;
    let half = select(0u, shift_right(x, max(dropped, 1u) - 1u) & 1u, dropped != 0u);
    let step = shift_right(x, dropped) + half;
    out[i] = vec2<i32>(look_up(step), look_up(step + 0x4000u));
}
