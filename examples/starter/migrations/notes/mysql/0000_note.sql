CREATE TABLE `notes_note` (
	`id` varchar(36) character set ascii collate ascii_bin NOT NULL,
	`user_id` varchar(36) character set ascii collate ascii_bin NOT NULL,
	`text` varchar(500) character set utf8mb4 collate utf8mb4_unicode_ci NOT NULL,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `notes_note_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE INDEX `notes_note_user_id` ON `notes_note` (`user_id`,`id`);