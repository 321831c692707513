// Writes client/gateway-api.ts from the description of the gateway (`npm run docs:client`); --check,
// which is part of `npm run lint`, only says whether the file is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTypes, { astToString } from 'openapi-typescript'
import { format, resolveConfig } from 'prettier'
import { gatewayUnderTest } from '../tests/support/gateway-under-test.ts'

const path = join(import.meta.dirname, '..', 'client', 'gateway-api.ts')
const header = `// The routes of the gateway as types, for openapi-fetch. Generated from GET /openapi.json by
// \`npm run docs:client\`; do not edit.
`

const { json } = await gatewayUnderTest().get('/openapi.json')
const nodes = await openapiTypes(JSON.stringify(json), { alphabetize: true })
const source = await format(header + astToString(nodes), {
  ...(await resolveConfig(path)),
  parser: 'typescript',
})
if (!process.argv.includes('--check')) writeFileSync(path, source)
else if (readFileSync(path, 'utf8') !== source) {
  console.error('client/gateway-api.ts is not what the routes say; run `npm run docs:client`.')
  process.exitCode = 1
}
