import { canonicalJson, sha256 } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier, joinAddress } from './http-notifier.ts';
import { describeNotification } from './message.ts';

export interface MatrixSettings {
  /** Address of the home server. */
  readonly url: Value;
  /** Id of the room, `!…:server`; the account has to be in it. */
  readonly room: string;
  /** Access token of the account. */
  readonly token: Value;
}

/** Messages in a room (Matrix client-server API, `PUT /rooms/{roomId}/send/m.room.message/{txnId}`). Rooms with encryption show them unencrypted. */
export function createMatrixNotifier(name: string, { url, room, token }: MatrixSettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => {
      const { title, text } = describeNotification(notification);
      // The same message has the same id: a server that has it already does not show it twice.
      const id = sha256(canonicalJson(notification as unknown as Json)).slice(0, 32);
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${id}`;
      const html = text === '' ? '' : `<br>${escapeHtml(text).replaceAll('\n', '<br>')}`;
      return {
        method: 'PUT',
        url: joinAddress(read(url), path),
        headers: { authorization: `Bearer ${read(token)}` },
        body: {
          msgtype: 'm.text',
          body: text === '' ? title : `${title}\n${text}`,
          format: 'org.matrix.custom.html',
          formatted_body: `<strong>${escapeHtml(title)}</strong>${html}`,
        },
      };
    },
  });
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
