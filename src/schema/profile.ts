import type { User } from '../storage/user-types.ts';
import type { Builder, TypeRef } from './builder.ts';
import { SIGNED_IN_ERRORS, withErrors } from './descriptions.ts';
import { deletedError, requireViewer } from './guards.ts';
import { FIELD_LIMITS, parseProfile } from './profile-fields.ts';
import { defineUserPayload } from './user-payload.ts';

export function defineProfile(builder: Builder, UserType: TypeRef<User>): void {
  const ProfileInput = builder.inputType('ProfileInput', {
    description:
      'A change of the profile: an absent or empty field is left unchanged, null erases. Invalid values are rejected.',
    fields: (t) => ({
      nickName: t.string({ description: FIELD_LIMITS.text }),
      avatarUrl: t.string({
        description: `${FIELD_LIMITS.url} chooseAvatar returns a temporary file on the phone: upload it first.`,
      }),
      gender: t.int({ description: FIELD_LIMITS.gender }),
      country: t.string({ description: FIELD_LIMITS.text }),
      province: t.string({ description: FIELD_LIMITS.text }),
      city: t.string({ description: FIELD_LIMITS.text }),
      language: t.string({ description: FIELD_LIMITS.text }),
    }),
  });

  const UpdateProfilePayload = defineUserPayload(
    builder,
    UserType,
    'UpdateProfilePayload',
    'The user with the new profile.',
  );

  builder.mutationField('updateProfile', (t) =>
    t.field({
      type: UpdateProfilePayload,
      description: withErrors("Changes the viewer's profile.", [...SIGNED_IN_ERRORS, 'BAD_USER_INPUT']),
      args: {
        profile: t.arg({
          type: ProfileInput,
          required: true,
          description: 'The new values of the fields that change.',
        }),
      },
      authScopes: { signedIn: true },
      resolve: async (_root, { profile }, context) => {
        const { id } = await requireViewer(context);
        const user = await context.users.updateProfile(id, parseProfile(profile, 'profile'));
        if (!user) throw deletedError();
        return { user };
      },
    }),
  );
}
