CREATE TABLE `user_tombstone` (
	`id` text PRIMARY KEY NOT NULL,
	`disabled_at` integer NOT NULL
);
