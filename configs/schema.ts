// The schema of the configuration: every field with its default, unit and meaning.
// docs/configuration.md is generated from it. load.ts reads files and the environment.
import { z } from 'zod'
import { executionProviders } from './execution-provider.ts'
import { parsePath } from '../schemas/mapping/field-path.ts'
import { languageCodes } from '../schemas/languages.ts'
import { isHttpUrl, urlProblem } from './http-url.ts'
import { cleaningSteps, fieldSource, inputProblems, inputs } from './inputs.ts'
import { outputProblems, outputs } from './outputs.ts'

const ms = (text: string, value: number) =>
  z.int().min(0).default(value).describe(`${text} Milliseconds.`)
const count = (text: string, value: number) => z.int().min(1).default(value).describe(text)
const bytes = (text: string, value: number) =>
  z.int().min(1).default(value).describe(`${text} Bytes.`)
const port = (text: string, value: number) =>
  z.int().min(0).max(65_535).default(value).describe(`${text} 0 picks a free one.`)
/**
 * An HTTP address, or the word that stands for no address. `user:password@host` is refused,
 * although it is a URL.
 */
const httpUrl = (none?: string) =>
  z
    .string()
    .refine((text) => text === none || isHttpUrl(text), {
      error: ({ input }) => urlProblem(String(input), none),
    })
    .meta({ format: 'uri' })
const hostRule = 'must be a host name or an address, without a port'
/** Where to listen: a host name, an IPv4 or an IPv6 address. */
const host = (text: string) =>
  z
    .string()
    .regex(/^(?:[^\s:/]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$/, hostRule)
    .default('127.0.0.1')
    .describe(text)
const secret = (text: string) => z.string().optional().meta({ description: text, writeOnly: true })
const file = (text: string) => z.string().min(1).optional().describe(text)
/** The file of the secret beside it; configs/load.ts reads it, and clients follow its changes. */
const fileOf = (name: string) =>
  file(`File with the value of \`${name}\`; new connections use its current content.`)

const clientTlsFields = z.strictObject({
  caFile: file(
    'Authorities that may sign the certificate of the server, as PEM; those of the system when absent.',
  ),
  certFile: file('Certificate of this client and its chain, as PEM (mutual TLS).'),
  keyFile: file('Private key of that certificate, as PEM.'),
  keyPassphrase: secret('Passphrase of the private key.'),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Host name that the certificate must be for, also sent to the server (SNI); that of the address when absent.',
    ),
})

/** TLS of a client; all files are PEM, and new connections use their current content. */
const clientTls = clientTlsFields
  .refine(({ certFile, keyFile }) => certFile === undefined || keyFile !== undefined, {
    path: ['keyFile'],
    error: 'certFile needs the private key of the certificate',
  })
  .refine(({ certFile, keyFile }) => keyFile === undefined || certFile !== undefined, {
    path: ['certFile'],
    error: 'keyFile needs the certificate of the private key',
  })
  .optional()

/** Where the embedded Kafka listens unless its port is configured. */
export const defaultBrokers = ['127.0.0.1:19092']
const brokerPattern =
  /^[^\s:/]+:(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/

const saslMechanisms = [
  'none',
  'plain',
  'scram-sha-256',
  'scram-sha-512',
  'oauthbearer',
  'aws-msk-iam',
] as const
const withPassword: ReadonlySet<string> = new Set(['plain', 'scram-sha-256', 'scram-sha-512'])

const kafkaFields = z.strictObject({
  brokers: z
    .array(z.string().regex(brokerPattern, 'must be host:port, with a port from 1 to 65535'))
    .min(1)
    .default(defaultBrokers)
    .describe('Bootstrap brokers, each as host:port.'),
  clientId: z.string().min(1).default('winnow').describe('Client id that brokers log.'),
  ssl: z
    .boolean()
    .default(false)
    .describe('Whether to connect with TLS. A setting under kafka.tls switches it on too.'),
  tls: clientTls.describe('TLS to the brokers; see docs/kafka.md.'),
  saslMechanism: z.enum(saslMechanisms).default('none').describe('SASL mechanism.'),
  username: z.string().optional().describe('SASL user name.'),
  password: secret('SASL password.'),
  passwordFile: fileOf('password'),
  oauth: z
    .strictObject({
      tokenUrl: httpUrl().describe('Token endpoint of the identity provider.'),
      clientId: z.string().min(1).describe('Client id at the provider.'),
      clientSecret: secret('Client secret at the provider.'),
      clientSecretFile: fileOf('clientSecret'),
      scope: z.string().min(1).optional().describe('Scopes to ask for, with spaces between them.'),
      audience: z
        .string()
        .min(1)
        .optional()
        .describe('Sent as `audience` and `resource`, for providers that need it.'),
      extensions: z
        .record(z.string().regex(/^[A-Za-z]+$/), z.string().regex(/^[\x20-\x7e]+$/))
        .default({})
        .describe(
          'Sent to the broker beside the token, such as `logicalCluster` and `identityPoolId` for ' +
            'Confluent Cloud.',
        ),
      caFile: file('Authorities that may sign the certificate of the provider, as PEM.'),
      requestMsMax: ms('Longest wait for the provider.', 5_000),
    })
    .optional()
    .describe('Client credentials for saslMechanism oauthbearer.'),
  awsRegion: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-central-1')
    .optional()
    .describe('AWS region of the cluster, for saslMechanism aws-msk-iam.'),
  connectMsMax: ms('Longest wait for a connection.', 5_000),
  requestMsMax: ms('Longest wait for an answer.', 30_000),
  sessionMsMax: ms('A consumer that is silent for longer loses its partitions.', 30_000),
  metadataAgeMsMax: z
    .int()
    .min(100)
    .default(60_000)
    .describe(
      'How soon consumers and producers see partitions that are added to a topic. Milliseconds.',
    ),
})

const kafka = kafkaFields
  .refine((one) => one.saslMechanism !== 'none' || (one.username ?? one.oauth) === undefined, {
    path: ['saslMechanism'],
    error:
      'kafka.username and kafka.oauth have no effect without a mechanism; set it or remove them',
  })
  .refine((one) => !withPassword.has(one.saslMechanism) || one.username !== undefined, {
    path: ['username'],
    error: 'this kafka.saslMechanism needs it',
  })
  .refine(
    ({ saslMechanism, password, passwordFile }) =>
      !withPassword.has(saslMechanism) || password !== undefined || passwordFile !== undefined,
    {
      path: ['password'],
      error: 'this kafka.saslMechanism needs it; set it or kafka.passwordFile',
    },
  )
  .refine((one) => one.saslMechanism !== 'oauthbearer' || one.oauth !== undefined, {
    path: ['oauth'],
    error: 'kafka.saslMechanism oauthbearer needs it, with tokenUrl, clientId and clientSecret',
  })
  .refine(
    ({ oauth }) =>
      oauth === undefined ||
      oauth.clientSecret !== undefined ||
      oauth.clientSecretFile !== undefined,
    {
      path: ['oauth', 'clientSecret'],
      error: 'kafka.oauth needs it; set it or kafka.oauth.clientSecretFile',
    },
  )
  .refine((one) => one.saslMechanism !== 'aws-msk-iam' || one.awsRegion !== undefined, {
    path: ['awsRegion'],
    error: 'kafka.saslMechanism aws-msk-iam needs it',
  })
  .refine((one) => one.saslMechanism !== 'aws-msk-iam' || one.ssl || one.tls !== undefined, {
    path: ['ssl'],
    error: 'kafka.saslMechanism aws-msk-iam needs TLS: set it to true',
  })

/** The value of `registry.url` that stands for no registry. */
export const noRegistry = 'none'

const registryFields = z.strictObject({
  url: httpUrl(noRegistry)
    .default('http://127.0.0.1:18081/apis/ccompat/v7')
    .describe(
      'Schema registry with the Confluent API. none: there is no registry; events and results are ' +
        'JSON, and an Avro event becomes a dead letter.',
    ),
  tls: clientTls.describe('TLS to the registry, when registry.url is https; see docs/registry.md.'),
  username: z.string().optional().describe('Basic authentication user.'),
  password: secret('Basic authentication password.'),
  passwordFile: fileOf('password'),
  token: secret('Bearer token; replaces user and password.'),
  tokenFile: fileOf('token'),
  requestMsMax: ms('Longest wait for an answer; each request is tried four times.', 5_000),
})

const registry = registryFields.refine(
  ({ url, tls }) => tls === undefined || url.startsWith('https:'),
  { path: ['url'], error: 'registry.tls needs an address that starts with https' },
)

/** Where the embedded engine listens unless its port is configured. */
export const defaultClickhouseUrl = 'http://127.0.0.1:18123'

const clickhouseFields = z.strictObject({
  url: httpUrl().default(defaultClickhouseUrl).describe('ClickHouse HTTP interface.'),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a plain identifier')
    .default('winnow')
    .describe('Database that holds the tables.'),
  username: z.string().default('default').describe('User name.'),
  password: secret('Password.'),
  passwordFile: file('File with the value of `password`; read once, at start.'),
  roles: z
    .array(z.string().min(1))
    .default([])
    .describe('Roles that the user takes on; when empty, its default roles.'),
  tls: z
    .strictObject({
      caFile: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Authorities that may sign the server certificate, as PEM; else those of Node.js.',
        ),
      certFile: z
        .string()
        .min(1)
        .optional()
        .describe('Client certificate and its chain, as PEM (mutual TLS).'),
      keyFile: z.string().min(1).optional().describe('Private key of the certificate, as PEM.'),
    })
    .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
      error: 'certFile and keyFile go together',
    })
    .optional()
    .describe(
      'Files for TLS; used with a url that starts with https. Changed files are read again.',
    ),
  cluster: z
    .string()
    .regex(/^(?:\{\w+\}|[\w.-]+)$/, 'must be the name of a cluster, or a macro such as {cluster}')
    .optional()
    .describe(
      'Cluster whose servers hold the tables, as in system.clusters. Migrations run ON CLUSTER and ' +
        'make replicated tables; when absent, the tables are on one server.',
    ),
  sharded: z
    .boolean()
    .default(false)
    .describe('Whether the rows are spread over the shards of the cluster, by Distributed tables.'),
  cloud: z
    .boolean()
    .default(false)
    .describe('Whether the server is ClickHouse Cloud, which replicates tables by itself.'),
  unreachableServers: z
    .enum(['wait', 'skip'])
    .default('wait')
    .describe(
      'What a consumer that takes over partitions does while a server of the cluster does not answer. ' +
        'wait: it waits, so that no row is stored twice. skip: it goes on, and the last blocks of that server ' +
        'may be stored twice.',
    ),
  requestMsMax: ms('Longest wait for an answer.', 60_000),
  waitMsMax: ms(
    'How long migrations and commands keep trying while ClickHouse does not answer or fails ' +
      'temporarily; stages keep trying without end.',
    10_000,
  ),
})

const clickhouse = clickhouseFields
  .refine(({ url, tls }) => tls === undefined || url.startsWith('https:'), {
    path: ['tls'],
    error: 'tls needs a url that starts with https',
  })
  .refine(({ cluster, sharded }) => !sharded || cluster !== undefined, {
    path: ['sharded'],
    error: 'sharded needs clickhouse.cluster',
  })
  .refine(({ cluster, cloud }) => !cloud || cluster === undefined, {
    path: ['cloud'],
    error: 'cloud and cluster exclude each other: ClickHouse Cloud replicates tables by itself',
  })

const topics = z.strictObject({
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]*$/, 'may hold letters, digits, ".", "_" and "-" only')
    .default('winnow.')
    .describe('Prefix of every topic name.'),
  partitions: count('Partitions of the topics that Winnow creates.', 4),
  replicationFactor: count('Replicas of the topics that Winnow creates.', 1),
  recordBytesMax: bytes(
    'Largest record that the topics accept. A compressed batch may hold four times as much; records of ' +
      'a larger one become dead letters.',
    16_777_216,
  ),
})

const limits = z.strictObject({
  textBytesMax: bytes('Longest text; an event with a longer one becomes a dead letter.', 1_000_000),
  attributesMax: z.int().min(0).default(64).describe('Maximum attributes of an event.'),
  futureMsMax: ms(
    'An event whose time is further ahead than this becomes a dead letter.',
    86_400_000,
  ),
  duplicateWindow: z
    .int()
    .min(0)
    .default(20_000)
    .describe('How many recent event ids each partition remembers; 0 switches the check off.'),
})

const cleaning = z.strictObject({
  steps: z
    .array(z.enum(cleaningSteps))
    .default(['unicode', 'control', 'whitespace'])
    .describe(
      'Cleaning steps in order. unicode normalizes to NFC, control removes control characters, ' +
        'mail-quotes removes quoted replies and signatures, markup turns HTML into text, whitespace shortens runs ' +
        'to one space. personal replaces mail addresses, phone, card and bank account numbers by [mail], [phone], ' +
        '[card] and [iban].',
    ),
})

const language = z.strictObject({
  detect: z
    .boolean()
    .default(false)
    .describe(
      'Whether the stage validate puts the language of each text into the attribute language, as an ISO ' +
        '639-1 code, or und if it cannot be detected. An attribute that the event already has stays.',
    ),
  only: z
    .array(
      z.string().refine((code) => languageCodes.some((one) => one === code), {
        error: 'must be the code of a language that Winnow tells, such as en, or und',
      }),
    )
    .default([])
    .describe(
      'Languages that pass, such as [en, de]; others are counted as filtered and become neither rows ' +
        'nor dead letters. und lets texts pass whose language cannot be detected. Empty: all pass.',
    ),
})

const modelRef = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}(?:@(?:champion|[1-9]\d{0,9}))?$/,
    'must be NAME, NAME@VERSION (a number) or NAME@champion',
  )
const nameOf = (ref: string): string => ref.split('@', 1)[0]!

const inferenceFields = z.strictObject({
  model: modelRef
    .optional()
    .describe(
      'Model to serve: NAME, NAME@VERSION or NAME@champion. The first of inference.models when absent, ' +
        'and mail without those.',
    ),
  models: z
    .array(modelRef)
    .max(64)
    .refine((refs) => new Set(refs.map(nameOf)).size === refs.length, 'must name each model once')
    .default([])
    .describe(
      'Models that `stream` classifies each event with, all in one consumer; inference.model when empty. ' +
        'Models with the same encoder share one pass over each text; see docs/several-models.md.',
    ),
  workers: z
    .int()
    .min(0)
    .max(256)
    .default(0)
    .describe(
      'Worker threads, one ONNX Runtime session each; 0 starts one per processor core, or on a ' +
        'GPU as many as suit it: 1 on webgpu and tensorrt, 2 on cuda.',
    ),
  provider: z
    .enum(executionProviders)
    .default('cpu')
    .describe('What computes the model; docs/gpu.md says what each needs.'),
  deviceId: z.int().min(0).default(0).describe('Number of the GPU (cuda and tensorrt).'),
  precision: z
    .enum(['fp32', 'fp16'])
    .default('fp32')
    .describe(
      'Precision of weights and activations on a GPU, for versions whose own precision is fp32.',
    ),
  fallback: z
    .enum(['none', 'cpu'])
    .default('none')
    .describe(
      'What happens if the provider does not work: none (the process does not start), cpu (the ' +
        'processor computes the model, which is logged and shows in the metrics).',
    ),
  batchTokens: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Maximum padded tokens of a batch. Default: 512 on cpu, 4096 on webgpu, 16384 on cuda and ' +
        'tensorrt.',
    ),
  batchTextsMax: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Maximum texts of a batch. Default: 64 on cpu, 256 on webgpu, 512 on cuda and tensorrt.',
    ),
  batchAgeMsMax: ms('A text that has waited this long goes into the next batch.', 25),
  queueTokensMax: count(
    'Maximum tokens in the queue; beyond that, work is paused or refused.',
    262_144,
  ),
  cacheMegabytes: z
    .int()
    .min(0)
    .max(65_536)
    .default(16)
    .describe(
      'Memory per model for the outcomes of texts that were classified before, in megabytes; the same ' +
        'tokens are not run again. 0 runs every text.',
    ),
  padTo: count('Token counts are padded up to a multiple of this; 1 pads nothing.', 1),
  abstain: z
    .enum(['off', 'on'])
    .default('off')
    .describe(
      'Whether a text whose out-of-scope score is above the threshold of its model gets the ' +
        'label winnow.none.',
    ),
  swapSlowdownMax: z
    .number()
    .min(1)
    .default(5)
    .describe(
      'A new version is refused if it is more than this many times slower than the old one.',
    ),
  topLabels: count('Number of labels whose probabilities a result keeps.', 5),
})

/** Settings that the provider does not take. */
function providerProblems({ provider, precision, padTo }: z.output<typeof inference>) {
  const problems: { path: string; message: string }[] = []
  if (provider === 'cpu' && precision === 'fp16') {
    const message = 'needs a GPU; set inference.provider, or leave it at fp32'
    problems.push({ path: 'precision', message })
  }
  if (provider !== 'cpu' && padTo !== 1) {
    const message = 'must be 1 on a GPU, whose batches hold texts of one length'
    problems.push({ path: 'padTo', message })
  }
  return problems
}

/** `model` is what one model is wanted for, and `models` what events are classified with. */
const inference = inferenceFields.transform(({ model, models, ...fields }) => {
  const one = model ?? models[0] ?? 'mail'
  return { ...fields, model: one, models: models.length > 0 ? models : [one] }
})

const storeFields = z.strictObject({
  kind: z
    .enum(['local', 'folder', 's3'])
    .default('local')
    .describe(
      'Where published versions go: local (they stay in the model store of this machine), folder ' +
        '(a mounted share), s3 (an S3-compatible service).',
    ),
  path: z.string().min(1).optional().describe('Folder for published versions (kind folder).'),
  endpoint: httpUrl().optional().describe('Address of an S3-compatible service; AWS when absent.'),
  region: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
  bucket: z.string().min(3).optional().describe('Bucket for published versions (kind s3).'),
  prefix: z.string().default('').describe('Prefix of every key in the bucket.'),
  pathStyle: z
    .boolean()
    .default(false)
    .describe('Whether the bucket is named in the path; most services other than AWS need it.'),
  accessKeyId: z
    .string()
    .min(1)
    .optional()
    .describe('Access key; without it the AWS SDK looks for credentials in its usual places.'),
  secretAccessKey: secret('Secret access key.'),
  sessionToken: secret('Session token of temporary credentials.'),
  connectMsMax: ms('Longest wait for a connection.', 5_000),
  requestMsMax: ms('Longest wait for an answer, and longest pause within one.', 30_000),
  triesMax: count('Maximum attempts per request.', 4),
  partBytes: z
    .int()
    .min(5_242_880)
    .default(8_388_608)
    .describe('Larger files are uploaded in parts of this size. Bytes.'),
  partsMax: count('Maximum parts of one file that are uploaded at once.', 4),
})

const store = storeFields
  .refine(({ kind, path }) => kind !== 'folder' || path !== undefined, {
    path: ['path'],
    error: 'store.kind folder needs it',
  })
  .refine(({ kind, bucket }) => kind !== 's3' || bucket !== undefined, {
    path: ['bucket'],
    error: 'store.kind s3 needs it',
  })

const publish = z.strictObject({
  accuracyMin: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('A version with a lower accuracy is refused; 0 accepts any.'),
  macroF1Min: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('A version with a lower macro-F1 is refused; 0 accepts any.'),
  comparison: z
    .enum(['required', 'when-possible'])
    .default('required')
    .describe(
      'What happens to a version that cannot be compared with the champion on test texts. required: it ' +
        'is refused. when-possible: it is accepted.',
    ),
  lossPValueMax: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe(
      "A version that is wrong more often than the champion is refused when McNemar's test gives a " +
        'p-value below this.',
    ),
})

const share = (text: string) => z.number().min(0).max(1).optional().describe(text)

const guards = z.strictObject({
  windowMs: ms('How long after its promotion a champion is watched.', 600_000),
  everyMs: ms('Time between two checks of the figures.', 10_000),
  eventsMin: count('Minimum events on which a guard decides.', 500),
  errorShareMax: share(
    'Rolls back when the stage infer fails for a larger share of the events; off when absent.',
  ),
  latencyP95MsMax: z
    .number()
    .min(0)
    .optional()
    .describe(
      'Rolls back when the 95th percentile of the time to wait for a batch and run it is larger; off ' +
        'when absent. Milliseconds.',
    ),
  labelShiftMax: share(
    'Rolls back when the shares of the labels differ by more than this from those before the promotion ' +
      '(total variation distance); off when absent.',
  ),
  disagreementMax: share(
    'Rolls back when the previous champion, running as a shadow, gives another label for a larger ' +
      'share of the events; off when absent.',
  ),
})

const stream = z.strictObject({
  group: z
    .string()
    .min(1)
    .default('winnow')
    .describe('Beginning of the names of consumer groups; the stages follow it.'),
  inFlightEventsMax: count('Maximum events between poll and commit.', 2_048),
  inFlightBytesMax: bytes('Maximum bytes of values between poll and commit.', 67_108_864),
  blockRowsMax: count('Maximum rows of one ClickHouse insert.', 2_000),
  blockAgeMsMax: ms('Longest time that a row waits for its insert.', 200),
  blockPauseMsMin: ms(
    'Shortest pause between two inserts while the consumer keeps up; small parts cost merges.',
    25,
  ),
  retryMsMax: ms('Longest pause before a failed write is retried.', 10_000),
  drainMsMax: ms('Longest wait for events in flight when a stage stops.', 30_000),
  shadowEventsMax: count('Maximum events that wait for the shadow; it skips further ones.', 1_024),
  classified: z
    .boolean()
    .default(true)
    .describe('Whether results are also produced to the classified topic.'),
})

const hookSource = fieldSource('value')
const hook = z.strictObject({
  text: hookSource.describe(
    'A dotted path such as `issue.title`, or a template: `{title}: {body}`.',
  ),
  id: hookSource.optional(),
  source: hookSource.optional(),
  time: hookSource.optional(),
  label: hookSource.optional(),
  attributes: z.record(z.string().min(1).max(256), hookSource).default({}),
  items: z
    .string()
    .max(1_024)
    .refine((path) => path === '' || parsePath(path, { roots: 'value' }).kind === 'ok', {
      error: 'must be a path such as data.comments',
    })
    .optional()
    .describe('Path of the array of items; empty: the body.'),
  secret: z.string().min(16).optional().meta({ writeOnly: true }),
  signatureHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .default('X-Hub-Signature-256'),
})

/** What a caller of the gateway may do; `read-masked` is `read` with stored texts masked. */
export const scopeNames = ['ingest', 'read', 'read-masked', 'admin'] as const

/** A scheme, a name and a port, as browsers send it (RFC 6454, 7). */
const originPattern = /^https?:\/\/[^\s/?#@]+$/

const gateway = z.strictObject({
  host: host('Address to listen on.'),
  port: port('Port to listen on.', 18_080),
  keys: z
    .array(
      z.strictObject({
        key: z.string().min(16).meta({ writeOnly: true }),
        name: z
          .string()
          .min(1)
          .max(256)
          .optional()
          .describe(
            'Name of the caller, which becomes the field `by` of labels sent with this key; when absent, ' +
              '`key-` and eight digits of its SHA-256.',
          ),
        scopes: z.array(z.enum(scopeNames)).min(1),
      }),
    )
    .default([])
    .describe(
      'API keys with their scopes and an optional name, which becomes the field `by` of labels sent with ' +
        'the key. Without keys the gateway may listen on a loopback address only.',
    ),
  oidc: z
    .strictObject({
      issuer: httpUrl().describe(
        'Address of the OpenID Connect provider, as `iss` of its tokens has it.',
      ),
      audience: z.string().min(1).describe('What `aud` of the tokens must be or contain.'),
      roleClaim: z
        .string()
        .min(1)
        .default('roles')
        .describe(
          'Claim with the roles of the caller: a path such as `realm_access.roles`. Its value is a list, or ' +
            'words with spaces between them.',
        ),
      roles: z
        .record(z.string(), z.array(z.enum(scopeNames)))
        .describe('The scopes that each role gives.'),
      requestMsMax: ms('Longest wait for the provider.', 5_000),
    })
    .optional()
    .describe(
      'Bearer tokens of an identity provider are accepted besides API keys: JSON Web Tokens, signed with ' +
        'a public-key algorithm.',
    ),
  keyStore: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File of the keys that `winnow keys` makes; keys.json in the state folder when absent. Gateways ' +
        'follow its changes within a second.',
    ),
  corsOrigins: z
    .array(z.string().regex(originPattern, 'must be an origin such as https://app.example.org'))
    .default([])
    .describe(
      'Origins whose web pages may call the gateway, such as https://app.example.org. Browsers refuse all ' +
        'others. Their pages need a key, unless the gateway has none.',
    ),
  tls: z
    .strictObject({
      certFile: z.string().min(1).describe('Certificate and its chain, as PEM.'),
      keyFile: z.string().min(1).describe('Private key of the certificate, as PEM.'),
      clientCaFile: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Authorities, as PEM. With it, a client must show a certificate of one of them (mutual TLS).',
        ),
    })
    .optional()
    .describe(
      'TLS of the gateway; plain HTTP when absent. Changed files are read within ten seconds.',
    ),
  bodyBytesMax: bytes('Largest request body.', 8_388_608),
  batchEventsMax: count('Maximum events of one request.', 10_000),
  waitEventsMax: count('Maximum events of one request to /v1/events with `wait`.', 100),
  waitingRequestsMax: count(
    'Maximum requests that wait for results at once; more get 503 with Retry-After.',
    256,
  ),
  lineStreamsMax: count(
    'Maximum requests that stream events line by line. One more takes the place of an idle one, or gets 503.',
    8,
  ),
  classifyTextsMax: count('Maximum texts of one classify request.', 256),
  explainQueueMax: count(
    'Maximum texts that wait or are being explained; more get 503 with Retry-After. One is explained at a time.',
    8,
  ),
  requestsPerMinute: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Maximum requests of one API key in a minute, probes and pages aside; more get 429 with Retry-After. ' +
        '0 for no limit.',
    ),
  textsPerMinute: z
    .int()
    .min(0)
    .default(0)
    .describe('Maximum texts that one API key sends in a minute. 0 for no limit.'),
  onlineModelsMax: count(
    'Maximum model versions, besides the one that serves, that are open at once because requests name them, and as ' +
      'many encoders for embeddings. The least recently used one makes room; while all are in use, requests for another ' +
      'one get 503 with Retry-After.',
    2,
  ),
  requestsMax: count('Maximum requests processed at once; more get 503 with Retry-After.', 64),
  requestMsMax: ms('Longest time that a request may take, its body included.', 30_000),
  connectionsMax: count('Maximum open connections; more are closed at once.', 4_096),
  addressConnectionsMax: count(
    'Maximum open connections of one remote address; more are closed at once. Behind a proxy, all ' +
      'callers share its address.',
    1_024,
  ),
  streamReadersMax: count(
    'Maximum readers of /v1/stream at once; more get 503 with Retry-After. Each takes a connection.',
    1_000,
  ),
  hooks: z
    .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), hook)
    .default({})
    .meta({ writeOnly: true })
    .describe('Webhooks by name, each with its mapping of fields; see docs/ingest.md.'),
  models: z
    .boolean()
    .default(true)
    .describe('Whether the gateway loads the model that serves, and others that requests name.'),
})

const days = (text: string) =>
  z.int().min(0).max(36_500).default(0).describe(`${text} 0 keeps them for ever. Days.`)

const retentionFields = z.strictObject({
  textDays: days(
    'How long ClickHouse keeps what events say: texts, attributes, and payloads of dead letters. After ' +
      'that, these columns are empty.',
  ),
  rowDays: days('How long ClickHouse keeps rows of events: results, dead letters and labels.'),
  storeText: z
    .boolean()
    .default(true)
    .describe(
      'Whether texts and payloads are stored. Without, rows and the classified topic have an empty ' +
        'text, and dead letters no payload.',
    ),
  hashIds: z
    .boolean()
    .default(false)
    .describe(
      'Whether ids of events are stored as keyed hashes (HMAC-SHA-256). Requests by id still work.',
    ),
  idSecret: z
    .string()
    .min(32)
    .optional()
    .meta({
      description:
        'Key of these hashes, the same for all processes. With another one, ids that are stored are ' +
        'not found.',
      writeOnly: true,
    }),
})

const retention = retentionFields.refine(
  ({ hashIds, idSecret }) => !hashIds || idSecret !== undefined,
  { path: ['idSecret'], error: 'retention.hashIds needs it' },
)

const telemetry = z.strictObject({
  host: host('Address of the metrics listener of a stage.'),
  port: port('Port of /metrics, /livez and /readyz of a stage.', 0),
})

const local = z.strictObject({
  kafkaPort: port('Preferred port of the embedded Kafka.', 19_092),
  registryPort: port('Preferred port of the embedded schema registry.', 18_081),
  analyticsPort: port('Preferred port of the embedded ClickHouse engine.', 18_123),
})

const base = z.strictObject({
  endpoint: httpUrl().default('https://huggingface.co').describe('Model hub, or a mirror of it.'),
  proxy: httpUrl().optional().describe('HTTP proxy for downloads; HTTPS_PROXY when absent.'),
})

const trials = z.strictObject({
  heartbeatMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(5_000)
    .describe(
      'How often workers, and the commands that put trials up for them, say that they are alive. ' +
        'Milliseconds.',
    ),
  missedMax: count(
    'A worker that misses more than this many heartbeats loses its trial to another one.',
    6,
  ),
})

const tracking = z.strictObject({
  mlflow: z
    .strictObject({
      url: httpUrl().optional().describe('MLflow server that runs are sent to; none when absent.'),
      username: z.string().optional().describe('Basic authentication user.'),
      password: secret('Basic authentication password.'),
      token: secret('Bearer token; replaces user and password.'),
      requestMsMax: ms('Longest wait for an answer.', 10_000),
      endMsMax: ms(
        'Longest wait of a finished training, or of a promotion, for what is not sent yet; ' +
          '`winnow runs sync` sends the rest.',
        2_000,
      ),
      artifacts: z
        .enum(['all', 'none'])
        .default('all')
        .describe(
          'Whether files of runs are uploaded: reports, plots, records and predictions, some of ' +
            'which hold texts.',
        ),
      artifactBytesMax: bytes('Largest file of a run that is uploaded.', 52_428_800),
    })
    .prefault({})
    .describe('MLflow.'),
})

/** The schema of the whole configuration. It refuses unknown keys. */
export const configSchema = z
  .strictObject({
    kafka: kafka.prefault({}).describe('Kafka connection.'),
    registry: registry.prefault({}).describe('Schema registry connection.'),
    clickhouse: clickhouse.prefault({}).describe('ClickHouse connection.'),
    topics: topics.prefault({}).describe('Topic names and how they are created.'),
    limits: limits.prefault({}).describe('Limits of an event.'),
    cleaning: cleaning.prefault({}).describe('How a text is cleaned before it is classified.'),
    language: language.prefault({}).describe('Languages of texts.'),
    inference: inference.prefault({}).describe('The model and its batches.'),
    store: store.prefault({}).describe('The artifact store that model versions are published to.'),
    publish: publish.prefault({}).describe('What a version must reach before it is published.'),
    guards: guards.prefault({}).describe('When a promoted version is rolled back automatically.'),
    stream: stream.prefault({}).describe('The stage runner and the ClickHouse sink.'),
    gateway: gateway.prefault({}).describe('The HTTP gateway.'),
    retention: retention
      .prefault({})
      .describe('How long ClickHouse keeps events, and what it keeps of them.'),
    telemetry: telemetry.prefault({}).describe('Metrics and probes of stage processes.'),
    trials: trials.prefault({}).describe('Trials that workers run.'),
    tracking: tracking.prefault({}).describe('Where runs are sent to.'),
    base: base.prefault({}).describe('Where base encoders come from.'),
    local: local.prefault({}).describe('The embedded stack.'),
    inputs: inputs
      .default([])
      .describe(
        'Topics of other systems whose records are events, each with its format and its mapping of fields; see ' +
          'docs/inputs.md.',
      ),
    outputs: outputs
      .default([])
      .describe('Topics of other systems that get results; see docs/outputs.md.'),
  })
  .superRefine((config, context) => {
    const { clickhouse, inference, inputs, outputs, registry, retention, topics } = config
    for (const { path, message } of providerProblems(inference)) {
      context.addIssue({ code: 'custom', path: ['inference', path], message })
    }
    const isSpread = clickhouse.cluster !== undefined || clickhouse.cloud
    for (const name of ['textDays', 'rowDays'] as const) {
      if (!isSpread || retention[name] === 0) continue
      const message =
        'needs tables on one ClickHouse server; on a cluster, set a TTL on the tables yourself'
      context.addIssue({ code: 'custom', path: ['retention', name], message })
    }
    const around = {
      inputs,
      prefix: topics.prefix,
      registry: registry.url === noRegistry ? ('none' as const) : ('there' as const),
    }
    for (const { path, message } of outputProblems(outputs, around)) {
      context.addIssue({ code: 'custom', path: ['outputs', ...path], message })
    }
    for (const { path, message } of inputProblems(inputs, topics.prefix)) {
      context.addIssue({ code: 'custom', path: ['inputs', ...path], message })
    }
  })

/** The resolved configuration: every field is set. */
export type Config = z.output<typeof configSchema>
