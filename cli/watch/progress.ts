import { createLogUpdate } from 'log-update';
import type { Resource } from '../api-client.js';
import { cell, type Screen, table, visible } from '../output.js';

/** Shows how work goes on: a table that updates on a terminal, plain lines elsewhere. */
export interface ProgressView {
  /** Something happened, in one sentence. @param atMs when; default: now */
  note(text: string, atMs?: number): void;
  /** How everything stands now. */
  show(title: string, tasks: readonly Resource[]): void;
  done(): void;
}

const MARKS: Readonly<Record<string, string>> = {
  PENDING: '·',
  ASSIGNED: '○',
  IN_PROGRESS: '●',
  REVIEW: '◐',
  BLOCKED: '!',
  COMPLETED: '✔',
  FAILED: '✘',
  SKIPPED: '-',
  CANCELLED: '-',
};

const NOTES = 8;

/** Seconds since what is watched began. */
type Clock = (atMs?: number) => string;

/**
 * @param footer a line below the table, read each time it is drawn; plain lines have none
 * @param startedAtMs when what is watched began
 */
export function createProgress(
  stream: Screen,
  footer: () => string = () => '',
  startedAtMs: number = Date.now(),
): ProgressView {
  const clock: Clock = (atMs = Date.now()) => `${(Math.max(0, atMs - startedAtMs) / 1000).toFixed(1).padStart(6)}s`;
  return stream.isTTY ? terminalProgress(stream, clock, footer) : lineProgress(stream, clock);
}

function lineProgress(stream: Screen, clock: Clock): ProgressView {
  return {
    note: (text, atMs) => void stream.write(`${clock(atMs)}  ${visible(text)}\n`),
    show: () => {},
    done: () => {},
  };
}

function terminalProgress(stream: Screen, clock: Clock, footer: () => string): ProgressView {
  const render = createLogUpdate(stream);
  const notes: string[] = [];
  let title = '';
  let tasks: readonly Resource[] = [];
  const draw = (): void => {
    const width = (stream.columns || 100) - 1;
    const board = table(
      [
        { title: ' ', of: (task) => MARKS[String(task.state)] ?? ' ' },
        { title: 'task', of: (task) => task.title, max: 44 },
        { title: 'state', of: (task) => task.state },
        { title: 'pr', of: (task) => (task.prNumber ? `#${task.prNumber}` : '') },
        { title: 'waits for', of: (task) => task.waitingFor, max: Math.max(20, width - 70) },
      ],
      tasks,
    );
    const below = footer() === '' ? [] : ['', footer()];
    const lines = [`${clock()}  ${cell(title, 200)}`, '', ...board.split('\n'), ...below, '', ...notes.slice(-NOTES)];
    render(lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line)).join('\n'));
  };
  const ticking = setInterval(draw, 500);
  return {
    note: (text, atMs) => {
      notes.push(`${clock(atMs)}  ${cell(text, 200)}`);
      draw();
    },
    show: (nextTitle, nextTasks) => {
      title = nextTitle;
      tasks = nextTasks;
      draw();
    },
    done: () => {
      clearInterval(ticking);
      draw();
      render.done();
    },
  };
}
