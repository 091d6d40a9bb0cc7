CREATE TABLE `rate_limit` (
	`key` varchar(255) character set ascii collate ascii_bin NOT NULL,
	`points` int NOT NULL,
	`expire` bigint unsigned,
	CONSTRAINT `rate_limit_key` PRIMARY KEY(`key`)
);
