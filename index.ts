// The package's entry. It only exports: the functions are in library/, which the commands call too.
/**
 * Winnow as a library: what the commands do, as functions. Each takes one object of options and
 * returns what the command prints with `--json`. Failures are thrown as {@link WinnowError}.
 *
 * @module
 */
export { buildCascade } from './library/cascade.ts'
export type { BuildCascadeOptions, CascadeOptions } from './library/cascade.ts'
export { checkData } from './library/check-texts.ts'
export type { CheckDataOptions, DataCheckOptions, DataReport } from './library/check-texts.ts'
export { classify, openClassifier } from './library/classify.ts'
export type {
  ClassifyOptions,
  OpenClassifierOptions,
  TextClassifier,
  TextResult,
} from './library/classify.ts'
export type { LongWork, WinnowOptions } from './library/context.ts'
export { crossValidate } from './library/cross-validate.ts'
export type {
  CrossValidateOptions,
  CrossValidation,
  CvOptions,
  CvProgress,
} from './library/cross-validate.ts'
export { demoMails } from './library/demo-mails.ts'
export type { DemoMailsOptions } from './library/demo-mails.ts'
export { evaluate } from './library/evaluate.ts'
export type { EvaluateOptions, EvaluateProgress, EvaluationOptions } from './library/evaluate.ts'
export { explain, openExplainer } from './library/explain.ts'
export type { ExplainOptions, OpenExplainerOptions, TextExplainer } from './library/explain.ts'
export type { DownloadProgress } from './library/fetch-base.ts'
export { forget } from './library/forget.ts'
export type { Forgotten, ForgetOptions, ForgetProgress } from './library/forget.ts'
export { quantize } from './library/quantize.ts'
export type { QuantizationOptions, Quantized, QuantizeOptions } from './library/quantize.ts'
export { query } from './library/query.ts'
export type { QueryOptions, QueryResult } from './library/query.ts'
export { readDataset } from './library/read-texts.ts'
export type {
  ColumnOptions,
  LabelledText,
  ReadDatasetOptions,
  ReadingProgress,
  RuleOptions,
  TextSource,
} from './library/read-texts.ts'
export { openStore } from './library/store.ts'
export type { ModelStore } from './library/store.ts'
export { train } from './library/train.ts'
export type { Trained, TrainingOptions, TrainOptions, TrainProgress } from './library/train.ts'
export type { ChoiceProgress } from './library/choose-method.ts'
export { tune } from './library/tune.ts'
export type { LiveStudy, Tuned, TuneOptions, TuneProgress } from './library/tune.ts'
export type { StudyOptions } from './library/asked-study.ts'
export type { MethodOptions, RecipeOptions } from './library/training/training-options.ts'
export type { Attribution, Explanation, ExplainRequest } from './models/explain/explanation.ts'
export { WinnowError } from './schemas/errors.ts'
export type { OperationErrorCode } from './schemas/errors.ts'
export type { BuiltCascade, CascadeProgress } from './trainers/cascade/build-cascade.ts'
export type { CrossValidated } from './trainers/cross-validation/cv-record.ts'
export type { PredictionLine } from './trainers/cross-validation/predictions-file.ts'
export type { CheckProgress, DataCheck } from './trainers/data/data-check.ts'
export type { DataProblem } from './trainers/data/data-problems.ts'
export type { DataManifest, Dataset } from './trainers/data/dataset.ts'
export type { TrainedEncoder } from './trainers/encoder/train-encoder.ts'
export type { ClassifiedLine } from './trainers/evaluation/classify-file.ts'
export type { ModelComparison, ModelEvaluation } from './trainers/evaluation/evaluate-version.ts'
export type { EmptyLine } from './trainers/evaluation/text-rows.ts'
export type { TrainedModel } from './trainers/head/train-head.ts'
export type { RunComparison } from './trainers/tracking/compare-runs.ts'
export type { ListedRun } from './trainers/tracking/tracked-run.ts'
export type { Trial } from './trainers/tuning/study.ts'
export type { BestTrial, StudyDocument, TrialDocument } from './trainers/tuning/study-document.ts'
