/** A forked worker that is asked one thing at a time. */
import { fork, type ChildProcess } from 'node:child_process';

/** What the worker's process sends back for each message. */
export type WorkerReply<Answer> =
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'error'; readonly message: string };

export class WorkerProcess<Question extends object, Answer> {
  readonly #child: ChildProcess;

  /** `file`: the compiled program, which calls {@link answerQuestions}. */
  constructor(file: string) {
    this.#child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Rejects when the worker fails at it or dies over it; `what` names the question then. */
  ask(question: Question, what: string): Promise<Answer> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void =>
        reject(new Error(`worker died (${signal ?? code}) playing ${what}`));
      child.once('exit', onExit);
      child.once('message', (reply: WorkerReply<Answer>) => {
        child.off('exit', onExit);
        if (reply.type === 'answer') resolve(reply.answer);
        else reject(new Error(`${what}: ${reply.message}`));
      });
      child.send(question);
    });
  }

  /** Idempotent. */
  end(): void {
    this.#child.kill();
  }
}

/** The other side: in the worker's process. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  const reply = (message: WorkerReply<Answer>): void => void process.send?.(message);
  process.on('message', (question: Question) => {
    // A throw of `answer` itself becomes a rejection, too.
    Promise.resolve(question)
      .then(answer)
      .then(
        (made) => reply({ type: 'answer', answer: made }),
        (error: unknown) =>
          reply({
            type: 'error',
            message: error instanceof Error ? (error.stack ?? error.message) : String(error),
          }),
      );
  });
}
