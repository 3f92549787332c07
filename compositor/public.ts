/** syncline/compositor: a Wayland compositor to run, or to build another one around. */
export { Compositor } from './compositor.ts';
export type { CompositorStats } from './compositor.ts';
export { AppSession, SessionTimeoutError } from './session/app-session.ts';
export type { AppSessionOptions, WindowQuery } from './session/app-session.ts';
export type { AppProcess, LaunchOptions } from './session/app-process.ts';
export type { AppWindow, MouseButton } from './session/app-window.ts';
export { describeOutputs } from './config.ts';
export type { BackendContext, BackendFactory, CompositorOptions, OutputRequest } from './config.ts';
export { CompositorCore } from './core.ts';
export type { CoreOptions, CoreStats } from './core.ts';
export type {
  Backend,
  BackendHost,
  BackendStats,
  FrameItem,
  FrameToShow,
  Presentation,
} from './backend/backend.ts';
export { HostUnavailableError } from './backend/host-connection.ts';
export { nestedIn } from './backend/nested-in.ts';
export type { NestedInOptions } from './backend/nested-in.ts';
export type { NestedMode } from './backend/nested-mode.ts';
export type { BufferContent, PixelView } from './buffer/buffer-content.ts';
export type { BufferHold, BufferUse } from './buffer/buffer-use.ts';
export type { LostBufferPolicy } from './buffer/dmabuf-policy.ts';
export type { DmabufStats } from './buffer/dmabuf-tracker.ts';
export type { ClientBudgets, ClientStats } from './client-state.ts';
export type { TotalBudgets, TotalStats } from './client-totals.ts';
export type { FailurePolicy } from './commit/failure-policy.ts';
export type { SchedulerStats } from './commit/scheduler.ts';
export type { WaitingReason } from './commit/waiting.ts';
export type { Desktop, DesktopStats } from './desktop.ts';
export { lineLog, silentLog } from './log.ts';
export type { CompositorLog } from './log.ts';
export type { Output, OutputDescription } from './output/output.ts';
export type { Seat } from './seat/seat.ts';
export type { Shell } from './shell/shell.ts';
export type { Toplevel } from './shell/toplevel.ts';
export type { WindowManager, WindowManagerFactory } from './shell/window-manager.ts';
export { Region } from './surface/region.ts';
export type { Rect } from './surface/region.ts';
export type { Surface } from './surface/surface.ts';
export type { SurfaceRole } from './surface/surface-role.ts';
export type { AppliedUpdate, SurfaceState } from './surface/surface-state.ts';
export type { CommitTrace, CommitTraceEvent, TracedPoint } from './trace.ts';
