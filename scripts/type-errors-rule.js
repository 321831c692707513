// An ESLint rule that reports what `tsc --noEmit` reports of a file. The rules that need types have
// the whole program checked anyway; `tsc` beside them would do that work a second time.
import ts from 'typescript'

/** The rule `winnow/type-errors`. It needs `parserOptions.projectService`. */
export const typeErrors = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices
    return {
      Program(node) {
        const file = esTreeNodeToTSNodeMap.get(node)
        const problems = [
          ...program.getConfigFileParsingDiagnostics(),
          ...program.getOptionsDiagnostics(),
          ...program.getSyntacticDiagnostics(file),
          ...program.getSemanticDiagnostics(file),
        ]
        for (const { code, start = 0, messageText } of problems) {
          const loc = context.sourceCode.getLocFromIndex(Math.min(start, file.end))
          const text = ts.flattenDiagnosticMessageText(messageText, '\n')
          context.report({ loc, message: `TS${code}: ${text}` })
        }
      },
    }
  },
}
