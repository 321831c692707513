// Generates the reference page of the configuration from the schema, so that they cannot differ.
import {
  configFields,
  fileVariableOf,
  entryFields,
  listSections,
  type ListSection,
  variableOf,
  type ConfigField,
} from './environment.ts'
import { profiles } from './load.ts'
import { configSchema } from './schema.ts'

/** The Markdown of docs/configuration.md. */
export function configurationPage(): string {
  const sections = new Map<string, string[]>()
  for (const field of configFields()) {
    const [section = '', ...names] = field.path.split('.')
    if (names.length === 0) continue
    const variables = `\`${variableOf(field.path)}\`${field.secret ? `, \`${fileVariableOf(field.path)}\`` : ''}`
    const rows = sections.get(section) ?? []
    rows.push(rowOf([...cellsOf(field), variables]))
    sections.set(section, rows)
  }
  const shape = configSchema.shape as Record<string, { description?: string | undefined }>
  const parts = [...sections].map(([section, rows]) =>
    [
      `## ${section}`,
      '',
      shape[section]?.description ?? '',
      '',
      '| field | type | default | meaning | variable |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
  )
  const lists = listSections.map((section) => listPart(section, shape[section]?.description))
  return `${introduction()}\n\n${[...parts, ...lists].join('\n\n')}\n`
}

/** The section of a list: a table of the settings of an entry. */
function listPart(section: ListSection, description = ''): string {
  return [
    `## ${section}`,
    '',
    `A list. ${description} \`${variableOf(section)}\` takes it as JSON. Each entry has these settings:`,
    '',
    '| field | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...entryFields(section).map((field) => rowOf(cellsOf(field))),
  ].join('\n')
}

/** Name, type, default and meaning of a setting. */
function cellsOf(field: ConfigField): string[] {
  const { path, type, defaultValue, description, rules, secret } = field
  return [
    `\`${path.slice(path.indexOf('.') + 1)}\``,
    type,
    defaultText(defaultValue),
    `${description}${rules === '' ? '' : ` (${rules})`}${secret ? ' Secret.' : ''}`,
  ]
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function introduction(): string {
  return `# Configuration

Every setting with its default, meaning and variable. Generated from \`configs/schema.ts\` by
\`npm run docs:reference\`; do not edit by hand.

## Where settings come from

Every command reads the same configuration. Later sources override earlier ones:

1. the defaults below;
2. a profile (\`--profile\`, or \`WINNOW_PROFILE\`): ${profiles.map((name) => `\`${name}\``).join(', ')}; \`local\` when none is named;
3. your YAML file (\`--config FILE\`, or \`WINNOW_CONFIG\`), with the sections below as its keys;
4. with the profile \`local\`, the addresses of the embedded stack that runs in this folder, unless 2 or 3 set them;
5. environment variables (lists are separated by commas, or written as JSON);
6. flags: those of the command, and \`--set section.field=value\` for any field.

\`\`\`yaml
kafka:
  brokers: [kafka-1:9092, kafka-2:9092]
clickhouse:
  url: http://clickhouse:8123
inference:
  model: tickets
\`\`\`

An unknown key, a wrong type or a value out of range stops the command. The message names the path, the value,
where it was set, and the rule.

**Secrets can come from files.** Add \`_FILE\` to the variable of a secret and give it a path, as in
\`WINNOW_CLICKHOUSE_PASSWORD_FILE=/run/secrets/clickhouse\`. A line break at the end of the file is not part of
the secret. Setting both variables is an error. Where there is a setting for the file too, such as \`kafka.passwordFile\`,
new connections use the current content of the file.

**Variables that are not settings:**

| variable | meaning |
| --- | --- |
| \`WINNOW_MODEL_STORE\` | folder of the model store |
| \`WINNOW_STATE\` | folder with data and logs of the embedded stack |
| \`XDG_CACHE_HOME\` | folder for jars and, by default, models |
| \`HF_ENDPOINT\` | the same as \`base.endpoint\` |
| \`HTTPS_PROXY\`, \`HTTP_PROXY\`, \`NO_PROXY\` | proxy for downloads |`
}

function defaultText(value: unknown): string {
  if (value === undefined) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
