// GET /seal?of=HEX: draws the emblem of a release as SVG. Equal digests have equal seals, so a glance at the
// page tells whether the node still runs what it ran before.
import { param, print } from "../../src/cli/templates/assemblyscript/cgi";

const PETALS_MIN = 5;
const RINGS = 4;

export function _start(): void {
  const text = param("of").substring(0, 64);
  // FNV-1a, then xorshift: small, and every digit changes the whole drawing.
  let seed: u32 = 2_166_136_261;
  for (let i = 0; i < text.length; i++) seed = (seed ^ <u32>text.charCodeAt(i)) * 16_777_619;
  random = seed == 0 ? 1 : seed;
  for (let i = 0; i < 8; i++) next(2);

  const hue = next(360);
  const petals = PETALS_MIN + next(8);
  // Piece by piece: strings are never freed, and joining them all would outgrow the one page of memory.
  print(
    "Content-Type: image/svg+xml\nCache-Control: public, max-age=3600\n\n" +
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-100 -100 200 200">',
  );
  for (let ring = 0; ring < RINGS; ring++) {
    const reach = 92 - ring * 19 - next(6);
    const width = 6 + next(22 - ring * 3);
    const turn = next(360 / petals);
    const tint = (hue + ring * (14 + next(28))) % 360;
    const name = "r" + ring.toString();
    print(
      '<g fill="hsl(' + tint.toString() + " 70% " + (46 + ring * 9).toString() + '%)" fill-opacity=".6" ' +
        'transform="rotate(' + turn.toString() + ')"><path id="' + name + '" d="' + petal(reach, width) + '"/>',
    );
    for (let i = 1; i < petals; i++) {
      print('<use href="#' + name + '" transform="rotate(' + ((i * 360) / petals).toString() + ')"/>');
    }
    print("</g>");
  }
  print('<circle r="' + (7 + next(6)).toString() + '" fill="hsl(' + hue.toString() + ' 80% 96%)"/></svg>\n');
}

let random: u32 = 1;

/** 0 to `below` - 1. */
function next(below: i32): i32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return <i32>(random % <u32>(below < 1 ? 1 : below));
}

/** A leaf from the middle outwards. */
function petal(reach: i32, width: i32): string {
  const side = width.toString();
  const shoulder = (-(reach * 3) / 5).toString();
  const tip = (-reach).toString();
  return "M0 0C" + side + " -14 " + side + " " + shoulder + " 0 " + tip +
    "C-" + side + " " + shoulder + " -" + side + " -14 0 0Z";
}
