// The API keys that `winnow keys` makes, in a file that gateways read while they run. It holds only
// hashes; a key is shown once, when it is made. A second file has when each key was last used.
import { createHash, randomBytes } from 'node:crypto'
import {
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { scopeNames } from '../../configs/schema.ts'
import type { KeyRing, Scope, ValidKey } from '../../gateway/http/auth.ts'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import { WinnowError } from '../../schemas/errors.ts'

const keySchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(scopeNames)).min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdMs: z.int(),
  expiresMs: z.int().nullable(),
  revokedMs: z.int().nullable(),
})
const fileSchema = z.strictObject({ keys: z.array(keySchema) })
const usesSchema = z.record(z.string(), z.int())

type KeyRecord = z.output<typeof keySchema>

/** A key as `keys list` shows it. */
export type ListedKey = Omit<KeyRecord, 'sha256'> & {
  readonly state: 'valid' | 'expired' | 'revoked'
  /** Epoch milliseconds, to the half minute; null if it never was. */
  readonly lastUsedMs: number | null
}

/** Where the keys of a gateway are kept. */
export function keysPath(
  gateway: { readonly keyStore?: string | undefined },
  stateDir: string,
): string {
  return resolve(gateway.keyStore ?? join(stateDir, 'keys.json'))
}

/** How often a gateway looks whether the file changed, and how often it writes last uses. */
const reloadMs = 1_000
const writeUsesMs = 30_000

/** Makes a key and gives it, for the only time. */
export async function createKey(
  path: string,
  wanted: { name: string; scopes: readonly Scope[]; expiresMs: number | null; nowMs: number },
): Promise<{ key: string; id: string }> {
  const { name, scopes, expiresMs, nowMs } = wanted
  const id = randomBytes(4).toString('hex')
  const key = `winnow_${id}_${randomBytes(32).toString('base64url')}`
  const record = {
    ...{ id, name, scopes: [...scopes], sha256: sha256(key), createdMs: nowMs, expiresMs },
    revokedMs: null,
  }
  await changeKeys(path, (keys) => {
    if (keys.some((one) => one.name === name && stateOf(one, nowMs) === 'valid')) {
      throw new WinnowError(
        'usage',
        `There is a valid key with the name ${name}. Choose another name, or revoke that key first.`,
      )
    }
    return [...keys, record]
  })
  return { key, id }
}

/** All keys, newest first. */
export async function listKeys(path: string, nowMs: number): Promise<ListedKey[]> {
  const keys = await readKeys(path)
  const uses = await readUses(path)
  return keys
    .map((record) => {
      const { id, name, scopes, createdMs, expiresMs, revokedMs } = record
      const state = stateOf(record, nowMs)
      const lastUsedMs = uses[id] ?? null
      return { id, name, scopes, state, createdMs, expiresMs, revokedMs, lastUsedMs }
    })
    .reverse()
}

/** Revokes a key by its id, or by the name of a key that is not revoked. */
export async function revokeKey(path: string, wanted: string, nowMs: number): Promise<ListedKey> {
  let id = ''
  await changeKeys(path, (keys) => {
    const valid = keys.filter(({ revokedMs }) => revokedMs === null)
    const found = valid.find((one) => one.id === wanted) ?? valid.find((one) => one.name === wanted)
    if (found === undefined) {
      throw new WinnowError(
        'usage',
        `There is no key with the id or name ${wanted}; see \`winnow keys list\`.`,
      )
    }
    id = found.id
    return keys.map((one) => (one === found ? { ...found, revokedMs: nowMs } : one))
  })
  const listed = await listKeys(path, nowMs)
  return listed.find((one) => one.id === id)!
}

/** The keys of a file for a gateway, which follows changes until it is closed. */
export type KeyFile = KeyRing & { close(): Promise<void> }

/**
 * Opens the keys of a file, which need not exist. Throws `config_invalid` if it is damaged. If it
 * is damaged or removed later, the keys that were known stay.
 */
export async function openKeyFile(
  path: string,
  onProblem: (line: string) => void,
): Promise<KeyFile> {
  let seen = await fingerprintOf(path)
  let known = knownKeys(await readKeys(path))
  const uses = new Map<string, number>()
  const reload = async () => {
    const now = await fingerprintOf(path)
    if (now === seen || now === undefined) return
    seen = now
    try {
      // An open gateway may close, but one with keys never opens, whatever becomes of the file.
      const { isUsed, ...read } = knownKeys(await readKeys(path))
      known = { ...read, isUsed: isUsed || known.isUsed }
    } catch (error) {
      onProblem(`${(error as Error).message}; the keys known so far stay valid`)
    }
  }
  const writeUses = async () => {
    if (uses.size === 0) return
    const latest = Object.fromEntries(uses)
    uses.clear()
    await writeJson(usesPath(path), { ...(await readUses(path)), ...latest }).catch(
      (error: unknown) => {
        onProblem(`when keys were used cannot be noted: ${String(error)}`)
      },
    )
  }
  const timers = [
    setInterval(() => {
      void reload()
    }, reloadMs),
    setInterval(() => {
      void writeUses()
    }, writeUsesMs),
  ]
  for (const timer of timers) timer.unref()
  return {
    keys: () => known.valid,
    isUsed: () => known.isUsed,
    onUse(key, atMs) {
      const id = known.ids.get(key)
      if (id !== undefined) uses.set(id, atMs)
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      await writeUses()
    },
  }
}

function knownKeys(records: readonly KeyRecord[]) {
  const ids = new Map<ValidKey, string>()
  for (const record of records) {
    if (record.revokedMs === null) ids.set(validKey(record), record.id)
  }
  return { valid: [...ids.keys()], ids, isUsed: records.length > 0 }
}

function validKey({ name, scopes, sha256, expiresMs }: KeyRecord): ValidKey {
  return { name, scopes, digest: Buffer.from(sha256, 'hex'), expiresMs: expiresMs ?? undefined }
}

function stateOf({ revokedMs, expiresMs }: KeyRecord, nowMs: number): ListedKey['state'] {
  if (revokedMs !== null) return 'revoked'
  return expiresMs !== null && expiresMs <= nowMs ? 'expired' : 'valid'
}

/** The keys of a file; none if there is no file. */
async function readKeys(path: string): Promise<KeyRecord[]> {
  const text = await readIfThere(path)
  if (text === undefined) return []
  try {
    return fileSchema.parse(JSON.parse(text)).keys
  } catch (cause) {
    const message = `The file of API keys ${path} is damaged; restore it, or make new keys without it`
    throw new WinnowError('config_invalid', message, { cause, details: { path } })
  }
}

/**
 * Replaces the keys, one process at a time: the new file is written under a name that only one can
 * create.
 */
async function changeKeys(
  path: string,
  change: (keys: readonly KeyRecord[]) => readonly KeyRecord[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.new`
  const file = await openAlone(draft)
  try {
    const keys = change(await readKeys(path))
    await file.writeFile(`${JSON.stringify({ keys }, undefined, 2)}\n`)
    await file.sync()
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Creates a file that nobody else has; waits for another process up to five seconds. */
async function openAlone(path: string): Promise<FileHandle> {
  for (let tries = 0; ; tries++) {
    try {
      return await open(path, 'wx', 0o600)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (tries === 50) {
      throw new WinnowError(
        'config_invalid',
        `Another command is changing the API keys: ${path} exists. If none runs, remove that file.`,
        { details: { path } },
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function readUses(path: string): Promise<Record<string, number>> {
  try {
    return usesSchema.parse(JSON.parse(await readFile(usesPath(path), 'utf8')))
  } catch {
    return {} // It is a convenience; without it, keys look unused.
  }
}

function usesPath(path: string): string {
  return path.replace(/(?:\.json)?$/, '-used.json')
}

/** Replaces a file as a whole; only its owner may read it. */
async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 })
  await rename(draft, path)
}

/** Changes whenever the file is replaced; undefined if there is none. */
async function fingerprintOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined)
  return stats && `${stats.ino} ${stats.mtimeNs} ${stats.size}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
