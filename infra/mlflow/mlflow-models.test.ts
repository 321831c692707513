// Registered models on the fake server: created once, with all pages of versions, and aliases.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startFakeMlflow, type FakeMlflow } from '../../tests/support/fake-mlflow.ts'
import { createMlflow, type Mlflow } from './mlflow.ts'

let fake: FakeMlflow
let mlflow: Mlflow
beforeEach(async () => {
  fake = await startFakeMlflow()
  mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
})
afterEach(() => fake.close())

const model = { name: 'mail', tags: {} }

it('registers a model once, and gives its aliases', async () => {
  expect(await mlflow.registerModel(model)).toEqual({ aliases: {} })
  const draft = { name: 'mail', source: 's3://a', description: '', tags: { a: '1' } }
  expect(await mlflow.createVersion(draft)).toBe('1')
  await mlflow.setAlias({ name: 'mail', alias: 'champion', version: '1' })
  expect(await mlflow.registerModel(model)).toEqual({ aliases: { champion: '1' } })
  expect(await mlflow.modelVersions('mail')).toEqual([{ version: '1', tags: { a: '1' } }])
  await mlflow.setAlias({ name: 'mail', alias: 'champion', version: undefined })
  expect(await mlflow.registerModel(model)).toEqual({ aliases: {} })
})

it('uses a model that another process registers at the same moment', async () => {
  let isFirst = true
  fake.misbehave = (path, response) => {
    if (path !== 'registered-models/get' || !isFirst) return undefined
    isFirst = false
    fake.models.set('mail', { versions: [], aliases: new Map([['champion', '7']]) })
    response.writeHead(404).end('{"error_code": "RESOURCE_DOES_NOT_EXIST"}')
    return 'answered'
  }
  expect(await mlflow.registerModel(model)).toEqual({ aliases: { champion: '7' } })
})
