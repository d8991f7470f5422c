// ?op=hash|json|matrix|machine|fib|sort|copy&n=100: work for the processor and no host call but the last, n times over.
// The answer is a number that depends on all of it.
import { param, paramInt, print } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const rounds = paramInt("n", 100, 0, i32.MAX_VALUE);
  const op = param("op");
  let sum: u32 = 0;
  for (let i = 0; i < rounds; i++) {
    if (op == "json") sum += json(i);
    else if (op == "matrix") sum += matrix(i);
    else if (op == "machine") sum += machine(i);
    else if (op == "fib") sum += fib(20 + (i & 1));
    else if (op == "sort") sum += sort(i);
    else if (op == "copy") sum += copy(i);
    else sum += digest(i);
  }
  print("Content-Type: text/plain\n\n" + sum.toString() + "\n");
}

// SHA-256 of 16 KiB.
const rounds256 = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const words = memory.data(256);
const input = memory.data(16_384);

function digest(seed: i32): u32 {
  for (let i = 0; i < 16_384; i += 4) store<u32>(input + i, <u32>(i * 31 + seed));
  let h0: u32 = 0x6a09e667, h1: u32 = 0xbb67ae85, h2: u32 = 0x3c6ef372, h3: u32 = 0xa54ff53a;
  let h4: u32 = 0x510e527f, h5: u32 = 0x9b05688c, h6: u32 = 0x1f83d9ab, h7: u32 = 0x5be0cd19;
  for (let block: u32 = 0; block < 16_384; block += 64) {
    for (let i: u32 = 0; i < 16; i++) store<u32>(words + i * 4, bswap<u32>(load<u32>(input + block + i * 4)));
    for (let i: u32 = 16; i < 64; i++) {
      const a = load<u32>(words + (i - 15) * 4), b = load<u32>(words + (i - 2) * 4);
      const s0 = rotr<u32>(a, 7) ^ rotr<u32>(a, 18) ^ (a >> 3);
      const s1 = rotr<u32>(b, 17) ^ rotr<u32>(b, 19) ^ (b >> 10);
      store<u32>(words + i * 4, load<u32>(words + (i - 16) * 4) + s0 + load<u32>(words + (i - 7) * 4) + s1);
    }
    let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
    for (let i: u32 = 0; i < 64; i++) {
      const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(rounds256 + i * 4) + load<u32>(words + i * 4);
      const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    h0 += a; h1 += b; h2 += c; h3 += d; h4 += e; h5 += f; h6 += g; h7 += h;
  }
  return h0 ^ h1 ^ h2 ^ h3 ^ h4 ^ h5 ^ h6 ^ h7;
}

// A recursive descent over 12 KiB of JSON that is made at the first call.
const text = memory.data(16_384);
let textLength: i32 = 0;
let at: i32 = 0;

function json(seed: i32): u32 {
  if (textLength == 0) makeText();
  at = 0;
  return value() + seed;
}

function put(part: string): void {
  for (let i = 0; i < part.length; i++) store<u8>(text + textLength++, <u8>part.charCodeAt(i));
}

function makeText(): void {
  put("[");
  for (let i = 0; i < 120; i++) {
    if (i > 0) put(", ");
    put('{"id": ' + i.toString() + ', "name": "item \\"' + i.toString() + '\\"", "tags": ["a", "bc", "def"], ');
    put('"price": ' + (i * 37).toString() + '.25, "on": true, "none": null}');
  }
  put("]");
}

function peek(): i32 {
  while (load<u8>(text + at) == 32) at++;
  return load<u8>(text + at);
}

function value(): u32 {
  const first = peek();
  if (first == 123) return members();
  if (first == 91) return items();
  if (first == 34) return quoted();
  if (first == 116 || first == 110) {
    at += 4;
    return <u32>first;
  }
  if (first == 102) {
    at += 5;
    return 5;
  }
  return figure();
}

function members(): u32 {
  let sum: u32 = 1;
  at++;
  if (peek() == 125) return sum;
  while (true) {
    peek();
    sum = sum * 31 + quoted();
    peek();
    at++;
    sum = sum * 31 + value();
    const next = peek();
    at++;
    if (next != 44) return sum;
  }
}

function items(): u32 {
  let sum: u32 = 2;
  at++;
  if (peek() == 93) return sum;
  while (true) {
    sum = sum * 31 + value();
    const next = peek();
    at++;
    if (next != 44) return sum;
  }
}

function quoted(): u32 {
  let sum: u32 = 3;
  at++;
  while (true) {
    let char: i32 = load<u8>(text + at++);
    if (char == 34) return sum;
    if (char == 92) char = load<u8>(text + at++);
    sum = sum * 33 + char;
  }
}

function figure(): u32 {
  let number: f64 = 0;
  let scale: f64 = 0;
  while (true) {
    const char: i32 = load<u8>(text + at);
    if (char == 46) scale = 1;
    else if (char >= 48 && char <= 57) {
      number = number * 10 + <f64>(char - 48);
      scale *= 10;
    } else return <u32>(scale == 0 ? number : number * 100 / scale);
    at++;
  }
}

// A product of two matrices of 64 × 64 doubles.
const left = memory.data(64 * 64 * 8, 8);
const right = memory.data(64 * 64 * 8, 8);

function matrix(seed: i32): u32 {
  for (let i = 0; i < 64 * 64; i++) {
    store<f64>(left + i * 8, <f64>((i + seed) & 15));
    store<f64>(right + i * 8, <f64>((i * 7) & 15));
  }
  let total: f64 = 0;
  for (let row = 0; row < 64; row++)
    for (let column = 0; column < 64; column++) {
      let sum: f64 = 0;
      for (let i = 0; i < 64; i++) sum += load<f64>(left + (row * 64 + i) * 8) * load<f64>(right + (i * 64 + column) * 8);
      total += sum;
    }
  return <u32>total;
}

// An interpreter of a register machine with 12 instructions that runs a sieve-like program: a loop over a switch.
const program = memory.data(256);
const registers = memory.data(64);
const cells = memory.data(4096);

function emit(index: i32, op: i32, a: i32, b: i32): void {
  store<u8>(program + index * 4, <u8>op);
  store<u8>(program + index * 4 + 1, <u8>a);
  store<u8>(program + index * 4 + 2, <u8>b);
}

function machine(seed: i32): u32 {
  emit(0, 0, 0, 0);
  emit(1, 1, 1, 0);
  emit(2, 2, 2, 1);
  emit(3, 3, 2, 3);
  emit(4, 4, 3, 2);
  emit(5, 5, 1, 1);
  emit(6, 6, 3, 7);
  emit(7, 7, 2, 3);
  emit(8, 8, 2, 1);
  emit(9, 9, 1, 2);
  emit(10, 10, 0, 0);
  for (let i = 0; i < 16; i++) store<u32>(registers + i * 4, <u32>(seed + i));
  let pc: i32 = 1;
  let sum: u32 = 0;
  for (let steps = 0; steps < 20_000; steps++) {
    const code = program + pc * 4;
    const a = registers + (<i32>load<u8>(code, 1) << 2), b = registers + (<i32>load<u8>(code, 2) << 2);
    pc++;
    switch (load<u8>(code)) {
      case 0: break;
      case 1: store<u32>(a, load<u32>(a) + 1); break;
      case 2: store<u32>(a, load<u32>(a) + load<u32>(b)); break;
      case 3: store<u32>(a, load<u32>(a) ^ load<u32>(b)); break;
      case 4: store<u32>(cells + (load<u32>(a) & 1023) * 4, load<u32>(b)); break;
      case 5: store<u32>(a, load<u32>(cells + (load<u32>(b) & 1023) * 4)); break;
      case 6: store<u32>(a, load<u32>(b) >> 1); break;
      case 7: store<u32>(a, load<u32>(a) * 31 + load<u32>(b)); break;
      case 8: if (load<u32>(a) > load<u32>(b)) pc++; break;
      case 9: store<u32>(a, load<u32>(a) - load<u32>(b)); break;
      case 10: pc = 1; sum += load<u32>(registers + 8); break;
      default: return 0;
    }
  }
  return sum;
}

function fib(n: i32): u32 {
  return n < 2 ? <u32>n : fib(n - 1) + fib(n - 2);
}

// A shell sort of 4,096 numbers with the comparison behind a reference: calls that only running tells.
let compare = (a: u32, b: u32): bool => a < b;

function sort(seed: i32): u32 {
  const numbers = input;
  let x: u32 = seed + 1;
  for (let i = 0; i < 4096; i++) {
    x = x * 1664525 + 1013904223;
    store<u32>(numbers + i * 4, x);
  }
  for (let gap = 1750; gap > 0; gap = <i32>(gap / 2.25))
    for (let i = gap; i < 4096; i++) {
      const moved = load<u32>(numbers + i * 4);
      let j = i;
      while (j >= gap && compare(moved, load<u32>(numbers + (j - gap) * 4))) {
        store<u32>(numbers + j * 4, load<u32>(numbers + (j - gap) * 4));
        j -= gap;
      }
      store<u32>(numbers + j * 4, moved);
    }
  return load<u32>(numbers + 2048 * 4);
}

// Many short and some long copies and fills.
function copy(seed: i32): u32 {
  for (let i = 0; i < 200; i++) {
    memory.fill(input + i * 16, <u8>(seed + i), 64);
    memory.copy(input + 4096 + i * 24, input + i * 16, 48);
  }
  memory.copy(input + 100, input, 12_000);
  return load<u32>(input + 6000);
}
