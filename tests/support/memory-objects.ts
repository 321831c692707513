// An in-memory object store that can fail, to test what happens around a store that breaks midway.
// tests/contract/object-store.test.ts compares it with the real stores.
import { readFile } from 'node:fs/promises'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'

export type MemoryObjects = ObjectStore & {
  readonly objects: Map<string, Buffer>
  /** Called before each call of the store; if it throws, the call throws the same. */
  before: (call: 'write' | 'create' | 'stream' | 'list', key: string) => void
}

/** Creates an empty store. */
export function createMemoryObjects(): MemoryObjects {
  const objects = new Map<string, Buffer>()
  const store: MemoryObjects = {
    objects,
    before: () => undefined,
    url: 'memory://store/',
    async write(key, content, { signal } = {}) {
      refuseCancelled(signal)
      store.before('write', key)
      objects.set(key, await bytesOf(content))
    },
    create(key, bytes) {
      return settle(() => {
        store.before('create', key)
        if (objects.has(key)) return 'exists'
        objects.set(key, Buffer.from(bytes))
        return 'created'
      })
    },
    stream(key, { fromByte = 0, signal } = {}) {
      return settle(() => {
        refuseCancelled(signal)
        store.before('stream', key)
        const found = objects.get(key)
        return found === undefined ? undefined : chunksOf(found.subarray(fromByte))
      })
    },
    list(prefix) {
      return settle(() => {
        store.before('list', prefix)
        return [...objects]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, { length }]) => ({ key, bytes: length }))
          .sort((a, b) => (a.key < b.key ? -1 : 1))
      })
    },
    close: () => undefined,
  }
  return store
}

async function bytesOf(content: Parameters<ObjectStore['write']>[1]): Promise<Buffer> {
  return 'bytes' in content ? Buffer.from(content.bytes) : readFile(content.path)
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) {
    yield await Promise.resolve(bytes.subarray(at, at + 65_536))
  }
}

function settle<T>(call: () => T): Promise<T> {
  return new Promise((resolve) => resolve(call()))
}

function refuseCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new WinnowError('cancelled', 'Cancelled.')
}
