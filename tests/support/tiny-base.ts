// A user's own base encoder, small enough to be trained by every method within seconds, as a folder
// for `winnow base pull NAME --from DIR`. Its words are letters.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { safetensorsOf } from './safetensors.ts'
import { poisonId, tinyHidden, tinyWeights } from './tiny-encoder.ts'
import { tinyTokenizerJson } from './tiny-tokenizer.ts'

/** The config.json of an encoder with these weights. */
export function baseConfig(weights: ReturnType<typeof tinyWeights>) {
  return {
    model_type: 'bert',
    hidden_size: weights.hidden,
    num_hidden_layers: weights.layers.length,
    num_attention_heads: weights.heads,
    max_position_embeddings: weights.positions,
    layer_norm_eps: weights.epsilon,
  }
}

/** Writes config.json, model.safetensors and tokenizer.json into a new folder. */
export async function writeTinyBase(dir: string): Promise<void> {
  const weights = tinyWeights()
  weights.wordEmbedding.fill(0, poisonId * tinyHidden)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'config.json'), JSON.stringify(baseConfig(weights)))
  await writeFile(join(dir, 'model.safetensors'), safetensorsOf(weights))
  await writeFile(join(dir, 'tokenizer.json'), tinyTokenizerJson())
}

/** A text of six letters; the first two decide its label: `a`, `b` or `c`. */
export function letterText(number: number): { text: string; label: string } {
  const label = 'abc'[number % 3]!
  const others = 'defghijklmnopq'
  const letter = (at: number) => others[Math.floor(at) % others.length]!
  const words = [label, label, letter(number), label, letter(number * 5 + 3), letter(number / 14)]
  return { text: words.join(' '), label }
}
