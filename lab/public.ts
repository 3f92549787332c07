/** syncline/lab: scenarios, worlds and comparisons, for those who bring a strategy or a scenario of their own. */
export { runScenario } from './compare/run.ts';
export type { RunOptions } from './compare/run.ts';
export { PROMISES } from './compare/result.ts';
export type { CompareReport, Distribution, RunResult, SkippedRun } from './compare/result.ts';
export { renderTable } from './compare/table.ts';
export { SyncClient } from './clients/sync-client.ts';
export { Ledger } from './ledger.ts';
export type { AcquireTruth, CommitRecord, DisconnectRecord } from './ledger.ts';
export { createRandom } from './random.ts';
export type { Random } from './random.ts';
export { DEFAULT_CLIENT } from './scenarios/scenario.ts';
export type { ClientOptions, Scenario, Stage } from './scenarios/scenario.ts';
export { SCENARIOS, scenarioNamed } from './scenarios/scenarios.ts';
export { CannotPlayError } from './world/cannot-play-error.ts';
export { createDrmWorld } from './world/drm-world.ts';
export { createSimulatedWorld } from './world/simulated-world.ts';
export type { SimulatedWorldOptions } from './world/simulated-world.ts';
export type { LabBuffer, LabFence, LabGpu, LabWorld, Usage, World } from './world/world.ts';
