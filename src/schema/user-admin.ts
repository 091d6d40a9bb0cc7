import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import type { User } from '../storage/user-types.ts';
import { auditAllowed } from './admin-audit.ts';
import { readUserId } from './arguments.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { ADMIN_ERRORS, withErrors } from './descriptions.ts';
import { requireViewer } from './guards.ts';
import { defineUserPayload } from './user-payload.ts';

/** The mutations of admins. */
export function defineUserAdmin(builder: Builder, { UserType, UserRole }: CoreTypes): void {
  const SetUserRolePayload = defineUserPayload(
    builder,
    UserType,
    'SetUserRolePayload',
    'The user with the new role.',
  );

  builder.mutationField('setUserRole', (t) =>
    t.field({
      type: SetUserRolePayload,
      description: withErrors(
        'Changes the role of another user, effective at once. Admins cannot change their own role. For admins only.',
        [...ADMIN_ERRORS, 'BAD_USER_INPUT'],
      ),
      args: {
        id: t.arg.id({ required: true, description: 'The `id` of the user.' }),
        role: t.arg({ type: UserRole, required: true, description: 'The role that the user gets.' }),
      },
      authScopes: { role: 'ADMIN' },
      resolve: async (_root, { id, role }, context) => {
        const target = await readOtherUserId(id, context);
        const user = requireFound(await context.users.setRole(target, role));
        await auditAllowed(context, { action: 'setUserRole', target, change: { role } });
        return { user };
      },
    }),
  );

  const SetUserDisabledPayload = defineUserPayload(
    builder,
    UserType,
    'SetUserDisabledPayload',
    'The user who was disabled or enabled.',
  );

  builder.mutationField('setUserDisabled', (t) =>
    t.field({
      type: SetUserDisabledPayload,
      description: withErrors(
        'Disables another user, which revokes their tokens at once and makes logins fail with USER_DISABLED; or enables them again. For admins only.',
        [...ADMIN_ERRORS, 'BAD_USER_INPUT'],
      ),
      args: {
        id: t.arg.id({ required: true, description: 'The `id` of the user.' }),
        disabled: t.arg.boolean({ required: true, description: 'true to disable, false to enable.' }),
      },
      authScopes: { role: 'ADMIN' },
      resolve: async (_root, { id, disabled }, context) => {
        const target = await readOtherUserId(id, context);
        const user = requireFound(await context.users.setDisabled(target, disabled));
        await auditAllowed(context, { action: 'setUserDisabled', target, change: { disabled } });
        return { user };
      },
    }),
  );
}

/** @throws BAD_USER_INPUT also for the viewer's own id: an admin must not lock themselves out */
async function readOtherUserId(id: string | number, context: Context): Promise<string> {
  const target = readUserId(id);
  if (target !== (await requireViewer(context)).id) return target;
  throw clientError('BAD_USER_INPUT', 'id is your own: another admin, or `npm run admin`, must do that.');
}

function requireFound(user: User | null): User {
  if (user) return user;
  throw clientError('BAD_USER_INPUT', 'No user has this id: send the id of a user in `users`.');
}
