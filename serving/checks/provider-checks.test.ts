// What doctor says about a provider that needs nothing, and about one that is not installed.
// models/devices/webgpu.test.ts checks one that works.
import { expect, test } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { checkProvider } from './provider-checks.ts'

const check = (inference: object) => checkProvider(configSchema.parse({ inference }).inference)

test('the processor needs no check', async () => {
  expect(await check({})).toEqual([{ name: 'inference provider', state: 'ok', detail: 'cpu' }])
})

test('a provider that is missing fails, or is a warning if the processor may take over', async () => {
  // No machine that runs these tests has TensorRT.
  const found = await check({ provider: 'tensorrt' })
  expect(found).toMatchObject([{ name: 'inference provider', state: 'fail' }])
  expect(found[0]!.detail).toMatch(/tensorrt/)
  expect(found[0]!.fix).toMatch(/\.$/)
  const [allowed] = await check({ provider: 'tensorrt', fallback: 'cpu' })
  expect(allowed).toMatchObject({ state: 'warn' })
})
