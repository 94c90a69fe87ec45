import type { TargetedKeyboardEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Diagnostic } from '../../client/api-types.ts';
import './editor.css';

export interface Jump {
  readonly line: number;
  /** Differs from the one before, so that one line can be gone to twice. */
  readonly turn: number;
}

interface EditorProps {
  readonly label: string;
  readonly value: string;
  /** Findings; those with a line are shown at it. */
  readonly findings?: readonly Diagnostic[];
  /** Line to go to. */
  readonly jump?: Jump | null;
  /** Left out: it is only read. */
  readonly onInput?: (text: string) => void;
}

/** Text of a file with the numbers of its lines, and what was found at them. The Tab key goes on to the next control, as everywhere. */
export function Editor({ label, value, findings = [], jump = null, onInput }: EditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  const hint = useId();
  const lines = value.split('\n');
  const marked = findings.flatMap(({ line, severity, message }) =>
    line === undefined || line > lines.length ? [] : [{ line, severity, message }],
  );
  useEffect(() => {
    if (jump !== null && field.current !== null) goToLine(field.current, jump.line);
  }, [jump]);
  return (
    <>
      <div class="editor">
        <Numbers lines={lines.length} marked={marked} />
        <div class="editor-body">
          <div class="editor-marks" ref={marks} aria-hidden>
            <Marks lines={lines} marked={marked} />
          </div>
          <textarea
            ref={field}
            aria-label={label}
            aria-describedby={hint}
            wrap="off"
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            rows={lines.length + 1}
            readOnly={onInput === undefined}
            value={value}
            onInput={(event) => onInput?.(event.currentTarget.value)}
            onKeyDown={keepIndentation}
            onScroll={(event) => {
              const left = event.currentTarget.scrollLeft;
              marks.current?.style.setProperty('--scrolled', `${-left}px`);
            }}
          />
        </div>
      </div>
      <p id={hint} class="muted small editor-hint">
        {onInput === undefined
          ? 'You may read it, but not change it.'
          : 'Tab leaves the field; Enter keeps the indentation.'}
      </p>
    </>
  );
}

type Marked = Pick<Diagnostic, 'severity' | 'message'> & { readonly line: number };

function Numbers({ lines, marked }: { lines: number; marked: readonly Marked[] }) {
  return (
    <div class="editor-lines" aria-hidden>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class={severityAt(marked, index + 1)}>
          {index + 1}
        </div>
      ))}
    </div>
  );
}

/** A band behind each line of which something was found, with the words after the end of its text. */
function Marks({ lines, marked }: { lines: readonly string[]; marked: readonly Marked[] }) {
  return (
    <>
      {lines.map((text, index) => {
        const here = marked.filter(({ line }) => line === index + 1);
        if (here.length === 0) return null;
        return (
          <div
            key={index}
            class={`editor-mark ${severityAt(marked, index + 1)}`}
            style={{ '--at': index, '--columns': columnsOf(text) }}
          >
            <span>{here.map(({ message }) => message).join('; ')}</span>
          </div>
        );
      })}
    </>
  );
}

function severityAt(marked: readonly Marked[], line: number): Diagnostic['severity'] | undefined {
  const here = marked.filter((one) => one.line === line);
  return here.find(({ severity }) => severity === 'error')?.severity ?? here[0]?.severity;
}

/** Columns that a line takes, tabs as wide as the style has them. */
function columnsOf(line: string): number {
  return line.replaceAll('\t', '  ').length;
}

function goToLine(field: HTMLTextAreaElement, line: number): void {
  const before = field.value.split('\n').slice(0, line - 1);
  const start = before.reduce((sum, one) => sum + one.length + 1, 0);
  const end = field.value.indexOf('\n', start);
  field.focus({ preventScroll: true });
  field.setSelectionRange(start, end === -1 ? field.value.length : end);
  const height = field.scrollHeight / Math.max(1, field.rows);
  const top = field.getBoundingClientRect().top + window.scrollY + (line - 1) * height;
  window.scrollTo({ top: Math.max(0, top - window.innerHeight / 3) });
}

/** Begins a new line as far in as the one before, which YAML wants nearly always. */
function keepIndentation(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter' || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.currentTarget;
  if (field.readOnly || event.shiftKey) return;
  const start = field.value.lastIndexOf('\n', field.selectionStart - 1) + 1;
  const [indentation = ''] = /^[ \t]*/.exec(field.value.slice(start, field.selectionStart)) ?? [];
  if (indentation === '') return;
  event.preventDefault();
  field.setRangeText(`\n${indentation}`, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
}
