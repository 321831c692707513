// Converts float32 numbers to the 16 bits of IEEE 754 binary16, which GPUs compute with. Node 22
// has no Float16Array.
import { WinnowError } from '../../schemas/errors.ts'

/** The largest finite number of binary16. */
const halfMax = 65_504

/**
 * The numbers as binary16, rounded to the nearest, ties to even. Throws `model_incompatible` for a
 * finite number that would become infinite.
 */
export function halfFloats(name: string, numbers: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  const halves = new Uint16Array(bits.length)
  for (let i = 0; i < bits.length; i++) halves[i] = halfOf(bits[i]!)
  const tooLarge = halves.findIndex((half, i) => isInfinite(half) && Number.isFinite(numbers[i]))
  if (tooLarge >= 0) {
    throw new WinnowError(
      'model_incompatible',
      `${name} holds ${numbers[tooLarge]!}, and 16-bit numbers end at ${halfMax}. ` +
        'Set inference.precision to fp32.',
    )
  }
  return halves
}

function isInfinite(half: number): boolean {
  return (half & 0x7fff) === 0x7c00
}

/** The bits of a float32 as those of a binary16. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  // Both exponents are biased: by 127 and by 15.
  const scaled = exponent - 112
  if (scaled >= 31) return sign | 0x7c00
  if (scaled >= 1) return sign | rounded((scaled << 23) | fraction, 13)
  // A subnormal binary16 has no implicit 1; below half of the smallest, the result is 0.
  if (scaled < -10) return sign
  return sign | rounded(0x800000 | fraction, 14 - scaled)
}

/** `value` without its last `count` bits, rounded; a carry moves on into the exponent. */
function rounded(value: number, count: number): number {
  const kept = value >>> count
  const rest = value & ((1 << count) - 1)
  const middle = 1 << (count - 1)
  return rest > middle || (rest === middle && (kept & 1) === 1) ? kept + 1 : kept
}
