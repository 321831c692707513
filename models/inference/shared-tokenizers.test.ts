import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tinyTokenizerJson } from '../../tests/support/tiny-tokenizer.ts'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { writeVersion } from '../store/version-store.ts'
import { shareTokenizers } from './shared-tokenizers.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-tokenizers-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const write = (tokenizer: string) =>
  writeVersion({
    storeDir,
    name: 'tiny',
    manifest: spamManifest,
    model: { bytes: Buffer.from('graph') },
    tokenizer: { bytes: Buffer.from(tokenizer) },
  })

describe('shareTokenizers', () => {
  it('reads a tokenizer that is in use once, whichever version has it', async () => {
    const read = shareTokenizers()
    const [one, same, other] = [
      await write(tinyTokenizerJson()),
      await write(tinyTokenizerJson()),
      await write(`${tinyTokenizerJson()}\n`),
    ]
    const tokenizer = await read(one)
    await rm(same.tokenizerPath)
    expect(await read(same)).toBe(tokenizer)
    const second = await read(other)
    expect(second).not.toBe(tokenizer)
    expect(second.encode('a b', { maxTokens: 8 })).toEqual(
      tokenizer.encode('a b', { maxTokens: 8 }),
    )
  })

  it('shares nothing with the models of another owner', async () => {
    const version = await write(tinyTokenizerJson())
    expect(await shareTokenizers()(version)).not.toBe(await shareTokenizers()(version))
  })

  it('throws for a file that is no tokenizer, each time', async () => {
    const read = shareTokenizers()
    const broken = await write('{}')
    await expect(read(broken)).rejects.toMatchObject({ code: 'model_incompatible' })
    await expect(read(broken)).rejects.toMatchObject({ code: 'model_incompatible' })
  })
})
