/** What the scanner has to say about an XML file: `file:line:col: message`. */
import type { Position } from './model.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly position: Position;
  readonly message: string;
}

/** `file:line:col: message`, the form editors jump to. Warnings say so after the place. */
export function formatDiagnostic({ severity, position, message }: Diagnostic): string {
  const place = `${position.file}:${position.line}:${position.column}`;
  return severity === 'warning' ? `${place}: warning: ${message}` : `${place}: ${message}`;
}

/** One or more errors in the XML; the message lists all of them, one a line. */
export class ScanError extends Error {
  readonly code = 'SYNCLINE_SCAN';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'ScanError';
    this.diagnostics = diagnostics;
  }
}
