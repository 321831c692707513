// What clients' statements may do in the embedded engine: an allow-list of grants that the engine
// itself enforces. Only tables in the data folder are reachable; files, other servers and programs
// are not.

/** The engine's users file: one user, with access only to tables of its own. */
export function usersConfig(): string {
  const constraints = fixedSettings.map((name) => `<${name}><const/></${name}>`).join('')
  const grants = [
    `GRANT ${privileges.join(', ')} ON *.*`,
    ...tableEngines.map((engine) => `GRANT TABLE ENGINE ON ${engine}`),
  ]
  const queries = grants.map((grant) => `<query>${grant}</query>`).join('')
  return `<clickhouse>
  <profiles><default><constraints>${constraints}</constraints></default></profiles>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks>
    <profile>default</profile><quota>default</quota>
    <grants>${queries}</grants>
  </default></users>
  <quotas><default></default></quotas>
</clickhouse>
`
}

/** Server settings that complete the grants: without them table engines need no grant. */
export const accessConfig = `<access_control_improvements>
    <table_engines_require_grant>true</table_engines_require_grant>
    <enable_read_write_grants>true</enable_read_write_grants>
  </access_control_improvements>`

/**
 * Without sources (file, url, s3, remote, mysql, …), functions, dictionaries, backups, users and
 * SYSTEM commands.
 */
const privileges = [
  'SELECT',
  'INSERT',
  'SHOW',
  'CREATE DATABASE',
  'CREATE TABLE',
  'CREATE VIEW',
  'CREATE TEMPORARY TABLE',
  'DROP',
  'TRUNCATE',
  'OPTIMIZE',
  'KILL QUERY',
  'ALTER UPDATE',
  'ALTER DELETE',
  'ALTER COLUMN',
  'ALTER INDEX',
  'ALTER PROJECTION',
  'ALTER CONSTRAINT',
  'ALTER TTL',
  'ALTER SETTINGS',
  'ALTER VIEW',
]

/** The table and database engines that keep their content in the data folder or in memory. */
const tableEngines = [
  'MergeTree',
  'ReplacingMergeTree',
  'SummingMergeTree',
  'AggregatingMergeTree',
  'CollapsingMergeTree',
  'VersionedCollapsingMergeTree',
  'CoalescingMergeTree',
  'Memory',
  'Null',
  'Atomic',
]

/**
 * Settings by which a statement would read or write files, reach servers, or be parsed as another
 * language.
 */
const fixedSettings = [
  'dialect',
  'allow_experimental_ai_functions',
  'allow_experimental_eval_table_function',
  'allow_introspection_functions',
  'allow_python_table_function',
  'format_avro_schema_registry_url',
  'format_schema',
  'format_template_resultset',
  'format_template_row',
  'input_format_record_errors_file_path',
  'output_format_schema',
  'rename_files_after_processing',
  'url_base',
  'merge_tree_disk',
  'merge_tree_storage_policy',
]
