// Writes a mapped model as one file and copies its weights into it, through a buffer of one
// megabyte, so that a model of any size takes little memory. wrap-graph.ts builds the graph.
import { open, type FileHandle } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { fieldHeader, rawFields } from '../graph/onnx/protobuf-fields.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { exportInvalid } from './export-files.ts'

/** Bytes in memory, or a part of a file. */
type Part = Uint8Array | { readonly path: string; readonly offset: number; readonly length: number }

/** Field numbers in onnx.proto. */
const field = {
  modelGraph: 7,
  graphInitializer: 5,
  tensorName: 8,
  tensorRaw: 9,
  tensorExternal: 13,
  tensorLocation: 14,
  entryKey: 1,
  entryValue: 2,
} as const

/** The largest protobuf message. */
const messageBytesMax = 2 ** 31 - 1
const bufferBytes = 1 << 20

/**
 * Looks at where the weights of `model` lie, relative to the folder of `graphPath`. Throws as
 * writeGraph does, before anything is read or written.
 */
export async function requireWeights(model: Uint8Array, graphPath: string): Promise<void> {
  await modelParts(model, graphPath)
}

/**
 * Writes `model` to `path`; places of weights are relative to the folder of `graphPath`. Throws
 * WinnowError 'export_invalid' for weights that are not there or lie outside the folder,
 * 'model_incompatible' when the file would be larger than ONNX allows (2 GiB).
 */
export async function writeGraph(
  model: Uint8Array,
  { path, graphPath }: { path: string; graphPath: string },
): Promise<void> {
  await writeParts(await modelParts(model, graphPath), path)
}

async function modelParts(model: Uint8Array, graphPath: string): Promise<Part[]> {
  const lengths = new FileLengths()
  const parts: Part[] = []
  try {
    for (const one of rawFields(model)) {
      if (one.number !== field.modelGraph) parts.push(one.whole)
      else {
        const inner = await graphParts(one.content, { folder: dirname(graphPath), lengths })
        parts.push(fieldHeader(field.modelGraph, lengthOf(inner)), ...inner)
      }
    }
  } finally {
    await lengths.close()
  }
  const bytes = lengthOf(parts)
  if (bytes > messageBytesMax) {
    throw new WinnowError(
      'model_incompatible',
      `The model has ${bytes} bytes; one ONNX file holds 2 GiB. Export it in fp16.`,
    )
  }
  return parts
}

async function graphParts(graph: Uint8Array, context: WeightContext): Promise<Part[]> {
  const parts: Part[] = []
  for (const one of rawFields(graph)) {
    if (one.number !== field.graphInitializer) parts.push(one.whole)
    else {
      const tensor = await tensorParts(one.content, context)
      parts.push(fieldHeader(field.graphInitializer, lengthOf(tensor)), ...tensor)
    }
  }
  return parts
}

type WeightContext = { readonly folder: string; readonly lengths: FileLengths }

/** A tensor with its bytes inside, wherever they were before. */
async function tensorParts(tensor: Uint8Array, context: WeightContext): Promise<Part[]> {
  const fields = rawFields(tensor)
  const entries = fields.filter(({ number }) => number === field.tensorExternal)
  if (entries.length === 0) return [tensor]
  const place = new Map(entries.map(({ content }) => entryOf(content)))
  const name = fields.find(({ number }) => number === field.tensorName)
  const title = Buffer.from(name?.content ?? []).toString()
  const location = normalize(place.get('location') ?? '')
  if (isAbsolute(location) || location.startsWith('..') || location === '.') {
    throw exportInvalid(`The weights ${title} lie in '${location}', outside the export.`)
  }
  const path = join(context.folder, location)
  const size = await context.lengths.of(path)
  const offset = Number(place.get('offset') ?? 0)
  const length = Number(place.get('length') ?? size - offset)
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw exportInvalid(
      `The weights ${title} end at byte ${offset + length} of ${path}, which has ${size} bytes.`,
      { path, tensor: title },
    )
  }
  const own = fields
    .filter(({ number }) => number !== field.tensorExternal && number !== field.tensorLocation)
    .map(({ whole }) => whole)
  return [...own, fieldHeader(field.tensorRaw, length), { path, offset, length }]
}

function entryOf(entry: Uint8Array): [string, string] {
  const fields = rawFields(entry)
  const text = (number: number): string =>
    Buffer.from(fields.find((one) => one.number === number)?.content ?? []).toString()
  return [text(field.entryKey), text(field.entryValue)]
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** Caches the sizes of files. */
class FileLengths {
  readonly #files = new Map<string, Promise<FileHandle>>()

  async of(path: string): Promise<number> {
    let opened = this.#files.get(path)
    if (opened === undefined) this.#files.set(path, (opened = open(path)))
    try {
      return (await (await opened).stat()).size
    } catch (cause) {
      throw exportInvalid(
        `Weights in ${path} cannot be read: ${errorMessage(cause)}`,
        { path },
        cause,
      )
    }
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#files.values())
    for (const one of opened) if (one.status === 'fulfilled') await one.value.close()
  }
}

async function writeParts(parts: readonly Part[], path: string): Promise<void> {
  const sources = new Map<string, FileHandle>()
  const buffer = Buffer.alloc(bufferBytes)
  await using target = await open(path, 'wx')
  let filled = 0
  const flush = async (): Promise<void> => {
    await target.writeFile(buffer.subarray(0, filled))
    filled = 0
  }
  try {
    for (const part of parts) {
      if (part instanceof Uint8Array) {
        for (let at = 0; at < part.length;) {
          const count = Math.min(bufferBytes - filled, part.length - at)
          buffer.set(part.subarray(at, at + count), filled)
          filled += count
          at += count
          if (filled === bufferBytes) await flush()
        }
        continue
      }
      let source = sources.get(part.path)
      if (source === undefined) sources.set(part.path, (source = await open(part.path)))
      for (let at = 0; at < part.length;) {
        const count = Math.min(bufferBytes - filled, part.length - at)
        const { bytesRead } = await source.read(buffer, filled, count, part.offset + at)
        if (bytesRead === 0) throw exportInvalid(`${part.path} shrank while it was read.`)
        filled += bytesRead
        at += bytesRead
        if (filled === bufferBytes) await flush()
      }
    }
    await flush()
  } finally {
    for (const source of sources.values()) await source.close()
  }
}
