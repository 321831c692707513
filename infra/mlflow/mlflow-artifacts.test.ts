// Which place of an artifact is the server's own proxy, so that an answer cannot choose another
// host or folder.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startFakeMlflow, type FakeMlflow } from '../../tests/support/fake-mlflow.ts'
import { proxiedPath } from './mlflow-artifacts.ts'
import { createMlflow } from './mlflow.ts'

let fake: FakeMlflow
beforeEach(async () => {
  fake = await startFakeMlflow()
})
afterEach(() => fake.close())

const server = 'https://mlflow.example:8443/base'
const proxy = 'https://mlflow.example:8443/base/api/2.0/mlflow-artifacts/artifacts'

it.each([
  ['mlflow-artifacts:/1/abc/artifacts', ['1', 'abc', 'artifacts']],
  ['mlflow-artifacts://mlflow.example:8443/1/abc', ['1', 'abc']],
  [`${proxy}/1/abc`, ['1', 'abc']],
  ['mlflow-artifacts:/1/a%20b', ['1', 'a b']],
])('%s is in the proxy', (uri, path) => {
  expect(proxiedPath(uri, server)).toEqual(path)
})

it.each([
  'mlflow-artifacts://elsewhere.example/1/abc',
  'https://elsewhere.example/api/2.0/mlflow-artifacts/artifacts/1/abc',
  'https://mlflow.example:8443/api/2.0/mlflow/runs/delete',
  's3://bucket/1/abc',
  'file:///etc/passwd',
  '/mlruns/1/abc',
  './mlruns/1/abc',
  'mlflow-artifacts:/1/%2e%2e%2f%2e%2e/abc',
  'mlflow-artifacts:/1/a%2fb',
  '',
])('%s is not', (uri) => {
  expect(proxiedPath(uri, server)).toBeUndefined()
})

it('uploads below the folder of the run, with each segment escaped', async () => {
  const mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
  const artifact = { path: 'plots/a b#c.svg', bytes: new Blob(['<svg/>']) }
  expect(await mlflow.uploadArtifact('mlflow-artifacts:/1/abc', artifact)).toBe('uploaded')
  expect([...fake.artifacts].map(([path, bytes]) => [path, bytes.toString()])).toEqual([
    ['1/abc/plots/a%20b%23c.svg', '<svg/>'],
  ])
})
