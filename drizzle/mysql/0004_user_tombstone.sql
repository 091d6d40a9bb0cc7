CREATE TABLE `user_tombstone` (
	`id` varchar(64) character set ascii collate ascii_bin NOT NULL,
	`disabled_at` datetime(3) NOT NULL,
	CONSTRAINT `user_tombstone_id` PRIMARY KEY(`id`)
);
