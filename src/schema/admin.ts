import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import type { Context } from '../context.ts';
import { fail } from '../errors/codes.ts';
import { writeAudit } from '../ops/audit.ts';
import type { User } from '../storage/users.ts';
import { builder, requireViewer } from './builder.ts';
import { UserRole, UserType } from './user.ts';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;
const MAX_SEARCH_CHARS = 64;
const USER_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const WHOSE = "Whose; the user's `id`.";

builder.queryField('users', (t) =>
  t.connection(
    {
      type: UserType,
      description: `All users of all mini programs of this server, oldest first, ${DEFAULT_PAGE} a page unless \`first\` or \`last\` says otherwise. Users who come while one pages forward appear at the end. For admins.`,
      nullable: true,
      args: {
        search: t.arg.string({
          description: `Only users with this id, openId or unionId, or with a nickName that begins so; at most ${MAX_SEARCH_CHARS} characters.`,
        }),
      },
      authScopes: { role: 'ADMIN' },
      resolve: async (_root, { search, ...args }, context) => {
        const searched = readSearch(search);
        await audit(context, 'users');
        return resolveCursorConnection(
          {
            args: readPage(args),
            defaultSize: DEFAULT_PAGE,
            maxSize: MAX_PAGE,
            toCursor: ({ id }: User) => id,
          },
          ({ after, before, limit, inverted }: ResolveCursorConnectionArgs) =>
            context.users.page({ after, before, limit, descending: inverted, search: searched }),
        );
      },
    },
    { name: 'UserConnection' },
    { name: 'UserEdge' },
  ),
);

builder.queryField('user', (t) =>
  t.field({
    type: UserType,
    description: 'One user; null where no user has that id. For admins.',
    nullable: true,
    args: { id: t.arg.id({ required: true, description: WHOSE }) },
    authScopes: { role: 'ADMIN' },
    resolve: async (_root, { id }, context) => {
      await audit(context, 'user', id);
      return context.users.byId(readId(id));
    },
  }),
);

builder.mutationField('setUserRole', (t) =>
  t.field({
    type: UserType,
    description:
      'Gives a user a role; admins keep their own, so that one is always left. Effective at once. For admins.',
    nullable: true,
    args: {
      id: t.arg.id({ required: true, description: WHOSE }),
      role: t.arg({ type: UserRole, required: true, description: 'The new role.' }),
    },
    authScopes: { role: 'ADMIN' },
    resolve: async (_root, { id, role }, context) => {
      const target = await readOther(id, context);
      const changed = known(await context.users.setRole(target, role));
      await audit(context, 'setUserRole', target, { role });
      return changed;
    },
  }),
);

builder.mutationField('setUserDisabled', (t) =>
  t.field({
    type: UserType,
    description:
      'Disables a user, whose tokens end at once and who gets USER_DISABLED, or lets it log in again. Not oneself. For admins.',
    nullable: true,
    args: {
      id: t.arg.id({ required: true, description: WHOSE }),
      disabled: t.arg.boolean({ required: true, description: 'True to disable, false to let in again.' }),
    },
    authScopes: { role: 'ADMIN' },
    resolve: async (_root, { id, disabled }, context) => {
      const target = await readOther(id, context);
      const changed = known(await context.users.setDisabled(target, disabled));
      await audit(context, 'setUserDisabled', target, { disabled });
      return changed;
    },
  }),
);

function readSearch(search: string | null | undefined): string | undefined {
  if (search === null || search === undefined || search.trim() === '') return undefined;
  if ([...search].length > MAX_SEARCH_CHARS || /\p{Cc}/u.test(search) || !search.isWellFormed())
    throw fail(
      'BAD_USER_INPUT',
      `search is too long or has control characters: send at most ${MAX_SEARCH_CHARS} characters of text.`,
    );
  return search.trim();
}

type PageArgs = {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
};

function readPage(args: PageArgs): PageArgs {
  const { first, last, after, before } = args;
  for (const [name, size] of Object.entries({ first, last }))
    if (typeof size === 'number' && (size < 1 || size > MAX_PAGE))
      throw fail('BAD_USER_INPUT', `${name} is ${size}: it must be from 1 to ${MAX_PAGE}.`);
  if (typeof first === 'number' && typeof last === 'number')
    throw fail('BAD_USER_INPUT', 'first and last are both there: send one of them.');
  for (const [name, cursor] of Object.entries({ after, before }))
    if (typeof cursor === 'string' && !USER_ID.test(cursor))
      throw fail('BAD_USER_INPUT', `${name} is no cursor of this list: send one that the server answered.`);
  return args;
}

function readId(id: string | number): string {
  if (!USER_ID.test(`${id}`))
    throw fail('BAD_USER_INPUT', 'id is not the id of a user: a UUID, as `users` answers it.');
  return `${id}`;
}

/** Who may change whom: everybody but oneself, so that the last admin can't lock the door from inside. */
async function readOther(id: string | number, context: Context): Promise<string> {
  const target = readId(id);
  if (target === (await requireViewer(context)).id)
    throw fail('BAD_USER_INPUT', 'id is your own: another admin, or `npm run admin`, must do that.');
  return target;
}

function known(user: User | null): User {
  if (!user) throw fail('BAD_USER_INPUT', 'id is of no user: take one that `users` answers.');
  return user;
}

async function audit(
  context: Context,
  action: string,
  target?: string | number,
  change?: Record<string, string | boolean>,
): Promise<void> {
  const { id: actor } = await requireViewer(context);
  writeAudit(context.log, {
    action,
    outcome: 'allowed',
    actor,
    requestId: context.connection.requestId,
    ...(target === undefined ? {} : { target: USER_ID.test(`${target}`) ? `${target}` : 'not an id' }),
    ...(change ? { change } : {}),
  });
}
