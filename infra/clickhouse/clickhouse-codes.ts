// The error codes of ClickHouse that are final: the same statement or block fails again, however
// often it is sent. The list is closed. A code that is not on it, such as one of a later version,
// is retried, because waiting loses nothing and ending a consumer does. Names and numbers come from
// ClickHouse's src/Common/ErrorCodes.cpp; tests/contract/clickhouse-codes.test.ts compares them
// with a real engine.

/** The statement is invalid. */
const statement = {
  37: 'UNKNOWN_ELEMENT_IN_AST',
  62: 'SYNTAX_ERROR',
  78: 'UNKNOWN_TYPE_OF_QUERY',
  80: 'INCORRECT_QUERY',
  123: 'UNKNOWN_TYPE_OF_AST_NODE',
  125: 'INCORRECT_RESULT_OF_SCALAR_SUBQUERY',
  141: 'SAMPLING_NOT_SUPPORTED',
  162: 'TOO_DEEP_SUBQUERIES',
  167: 'TOO_DEEP_AST',
  168: 'TOO_BIG_AST',
  174: 'CYCLIC_ALIASES',
  179: 'MULTIPLE_EXPRESSIONS_FOR_ALIAS',
  181: 'ILLEGAL_FINAL',
  182: 'ILLEGAL_PREWHERE',
  183: 'UNEXPECTED_EXPRESSION',
  184: 'ILLEGAL_AGGREGATION',
  206: 'ALIAS_REQUIRED',
  207: 'AMBIGUOUS_IDENTIFIER',
  211: 'EMPTY_QUERY',
  215: 'NOT_AN_AGGREGATE',
  223: 'UNEXPECTED_AST_STRUCTURE',
  229: 'QUERY_IS_TOO_LARGE',
  258: 'UNION_ALL_RESULT_STRUCTURES_MISMATCH',
  352: 'AMBIGUOUS_COLUMN_NAME',
  353: 'INDEX_OF_POSITIONAL_ARGUMENT_IS_OUT_OF_RANGE',
  403: 'INVALID_JOIN_ON_EXPRESSION',
  418: 'UNKNOWN_JOIN',
  440: 'INVALID_LIMIT_EXPRESSION',
  475: 'INVALID_WITH_FILL_EXPRESSION',
  476: 'WITH_TIES_WITHOUT_ORDER_BY',
  477: 'INVALID_USAGE_OF_INPUT',
  596: 'INTERSECT_OR_EXCEPT_RESULT_STRUCTURES_MISMATCH',
  628: 'OFFSET_FETCH_WITHOUT_ORDER_BY',
  703: 'INVALID_IDENTIFIER',
}

/**
 * The statement names something that does not exist. A server loads the names of its tables before
 * it opens its port, so waiting does not help. A table that is being dropped or restarted has other
 * codes (218 TABLE_IS_DROPPED, 733 TABLE_IS_BEING_RESTARTED). A server that shuts down gives these
 * too, so they are retried.
 */
const name = {
  8: 'THERE_IS_NO_COLUMN',
  10: 'NOT_FOUND_COLUMN_IN_BLOCK',
  16: 'NO_SUCH_COLUMN_IN_TABLE',
  46: 'UNKNOWN_FUNCTION',
  47: 'UNKNOWN_IDENTIFIER',
  50: 'UNKNOWN_TYPE',
  56: 'UNKNOWN_STORAGE',
  60: 'UNKNOWN_TABLE',
  63: 'UNKNOWN_AGGREGATE_FUNCTION',
  73: 'UNKNOWN_FORMAT',
  81: 'UNKNOWN_DATABASE',
  115: 'UNKNOWN_SETTING',
  336: 'UNKNOWN_DATABASE_ENGINE',
  432: 'UNKNOWN_CODEC',
  456: 'UNKNOWN_QUERY_PARAMETER',
  582: 'NO_SUCH_PROJECTION_IN_TABLE',
}

/** Types, arguments or numbers of columns do not match. */
const type = {
  7: 'INCORRECT_NUMBER_OF_COLUMNS',
  9: 'SIZES_OF_COLUMNS_DOESNT_MATCH',
  15: 'DUPLICATE_COLUMN',
  20: 'NUMBER_OF_COLUMNS_DOESNT_MATCH',
  34: 'TOO_MANY_ARGUMENTS_FOR_FUNCTION',
  35: 'TOO_FEW_ARGUMENTS_FOR_FUNCTION',
  36: 'BAD_ARGUMENTS',
  42: 'NUMBER_OF_ARGUMENTS_DOESNT_MATCH',
  43: 'ILLEGAL_TYPE_OF_ARGUMENT',
  44: 'ILLEGAL_COLUMN',
  53: 'TYPE_MISMATCH',
  59: 'ILLEGAL_TYPE_OF_COLUMN_FOR_FILTER',
  69: 'ARGUMENT_OUT_OF_BOUND',
  70: 'CANNOT_CONVERT_TYPE',
  122: 'INCOMPATIBLE_COLUMNS',
  153: 'ILLEGAL_DIVISION',
  190: 'SIZES_OF_ARRAYS_DONT_MATCH',
  264: 'INCOMPATIBLE_TYPE_OF_JOIN',
  377: 'ILLEGAL_SYNTAX_FOR_DATA_TYPE',
  378: 'DATA_TYPE_CANNOT_HAVE_ARGUMENTS',
  386: 'NO_COMMON_TYPE',
  407: 'DECIMAL_OVERFLOW',
  408: 'BAD_REQUEST_PARAMETER',
  427: 'CANNOT_COMPILE_REGEXP',
  457: 'BAD_QUERY_PARAMETER',
  // Winnow's own fences use this code: see fence-condition.ts.
  395: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
}

/**
 * A row that the table can never take. Retrying would hide it and block its partition without
 * notice, so the consumer ends and names the cause. A truncated body has other codes (3
 * UNEXPECTED_END_OF_FILE, 32 ATTEMPT_TO_READ_AFTER_EOF, 33 CANNOT_READ_ALL_DATA) and is sent again.
 */
const row = {
  6: 'CANNOT_PARSE_TEXT',
  19: 'SIZE_OF_FIXED_STRING_DOESNT_MATCH',
  25: 'CANNOT_PARSE_ESCAPE_SEQUENCE',
  26: 'CANNOT_PARSE_QUOTED_STRING',
  27: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  38: 'CANNOT_PARSE_DATE',
  41: 'CANNOT_PARSE_DATETIME',
  72: 'CANNOT_PARSE_NUMBER',
  85: 'FORMAT_IS_NOT_SUITABLE_FOR_INPUT',
  117: 'INCORRECT_DATA',
  128: 'TOO_LARGE_ARRAY_SIZE',
  130: 'CANNOT_READ_ARRAY_FROM_TEXT',
  131: 'TOO_LARGE_STRING_SIZE',
  248: 'INVALID_PARTITION_VALUE',
  321: 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  349: 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN',
  376: 'CANNOT_PARSE_UUID',
  399: 'FORMAT_IS_NOT_SUITABLE_FOR_OUTPUT',
  441: 'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING',
  467: 'CANNOT_PARSE_BOOL',
  469: 'VIOLATED_CONSTRAINT',
  563: 'CANNOT_READ_MAP_FROM_TEXT',
  626: 'CANNOT_SKIP_UNKNOWN_FIELD',
  632: 'UNEXPECTED_DATA_AFTER_PARSED_VALUE',
  675: 'CANNOT_PARSE_IPV4',
  676: 'CANNOT_PARSE_IPV6',
  691: 'UNKNOWN_ELEMENT_OF_ENUM',
}

/** The engine rejects a definition, or it exists already: in migrations and in `winnow query`. */
const definition = {
  55: 'STORAGE_REQUIRES_PARAMETER',
  57: 'TABLE_ALREADY_EXISTS',
  82: 'DATABASE_ALREADY_EXISTS',
  119: 'ENGINE_REQUIRED',
  420: 'CANNOT_UPDATE_COLUMN',
  431: 'ILLEGAL_SYNTAX_FOR_CODEC_TYPE',
  433: 'ILLEGAL_CODEC_PARAMETER',
  450: 'BAD_TTL_EXPRESSION',
  455: 'SUSPICIOUS_TYPE_FOR_LOW_CARDINALITY',
  524: 'ALTER_OF_COLUMN_IS_FORBIDDEN',
  549: 'DATA_TYPE_CANNOT_BE_USED_IN_KEY',
  583: 'ILLEGAL_PROJECTION',
}

/**
 * The user lacks a right or fails to authenticate. A server loads its users before it opens its
 * port, so only a person can help: with a grant, a password, a profile. That includes 164 READONLY,
 * which comes from the user's profile; a table that lost its Keeper gives 242 TABLE_IS_READ_ONLY,
 * which is retried. Limits that lift by themselves are retried too: 201 QUOTA_EXCEEDED ends with
 * its interval, 700 USER_SESSION_LIMIT_EXCEEDED with other sessions.
 */
const right = {
  164: 'READONLY',
  192: 'UNKNOWN_USER',
  193: 'WRONG_PASSWORD',
  194: 'REQUIRED_PASSWORD',
  195: 'IP_ADDRESS_NOT_ALLOWED',
  291: 'DATABASE_ACCESS_DENIED',
  358: 'INTO_OUTFILE_NOT_ALLOWED',
  392: 'QUERY_IS_PROHIBITED',
  446: 'FUNCTION_NOT_ALLOWED',
  452: 'SETTING_CONSTRAINT_VIOLATION',
  471: 'INVALID_SETTING_VALUE',
  472: 'READONLY_SETTING',
  481: 'PATH_ACCESS_DENIED',
  497: 'ACCESS_DENIED',
  511: 'UNKNOWN_ROLE',
  512: 'SET_NON_GRANTED_ROLE',
  516: 'AUTHENTICATION_FAILED',
  620: 'QUERY_NOT_ALLOWED',
  720: 'USER_EXPIRED',
  767: 'REQUIRED_SECOND_FACTOR',
  774: 'TABLE_IS_PERMANENTLY_READ_ONLY',
}

/** This server does not support it. */
const feature = {
  1: 'UNSUPPORTED_METHOD',
  2: 'UNSUPPORTED_PARAMETER',
  48: 'NOT_IMPLEMENTED',
  344: 'SUPPORT_IS_DISABLED',
  397: 'QUERY_IS_NOT_SUPPORTED_IN_MATERIALIZED_VIEW',
  401: 'FEATURE_IS_NOT_ENABLED_AT_BUILD_TIME',
  721: 'DEPRECATED_FUNCTION',
  779: 'UNSUPPORTED_MEDIA_TYPE',
}

/** Every final code with its name. */
export const finalCodes: ReadonlyMap<number, string> = new Map(
  [statement, name, type, row, definition, right, feature].flatMap((group) =>
    Object.entries(group).map(([code, codeName]): [number, string] => [Number(code), codeName]),
  ),
)

/**
 * Codes that a smaller block may avoid. A block that exceeds the server's memory, time or number of
 * partitions would fail forever if it were only repeated.
 */
export const sizeCodes: ReadonlySet<number> = new Set([
  159, // TIMEOUT_EXCEEDED
  173, // CANNOT_ALLOCATE_MEMORY
  209, // SOCKET_TIMEOUT
  241, // MEMORY_LIMIT_EXCEEDED
  307, // TOO_MANY_BYTES
  565, // TOO_MANY_PARTITIONS
  777, // MEMORY_RESERVATION_KILLED
  778, // MEMORY_RESERVATION_FAILED
])
