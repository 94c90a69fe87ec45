import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { Random } from '../../chaos/random.ts';
import { podTexts, portLists } from '../../support/pod-fuzz.ts';
import { mutate } from '../grammar/mutate.ts';
import type { Piece } from '../grammar/piece.ts';
import { toPiece } from '../grammar/piece.ts';
import { writeJson, writeYaml } from '../grammar/write.ts';
import type { Part } from '../input.ts';

/** A pod spec and the ports that are asked for it: as the tests of instances draw them, some of them changed further. */
export function drawPod(_grammar: unknown, random: Random): readonly Part[] {
  const seed = random.integer(2 ** 31);
  const [text = ''] = fc.sample(podTexts, { seed, numRuns: 1 });
  const [ports = []] = fc.sample(portLists, { seed, numRuns: 1 });
  const spoiled = random.chance(0.5) ? spoil(text, random) : text;
  const asked: Piece = toPiece(
    ports.map(({ containerPort, protocol }) => ({ container_port: containerPort, protocol })),
  );
  return [
    { name: 'pod', text: spoiled },
    { name: 'ports', text: writeJson(random.chance(0.1) ? mutate(asked, random) : asked) },
  ];
}

function spoil(text: string, random: Random): string {
  try {
    const piece = mutate(toPiece(parse(text, { logLevel: 'silent' })), random);
    return random.chance(0.5) ? writeYaml(piece) : writeJson(piece);
  } catch {
    // It is broken already.
    return text;
  }
}
