/* The reader of the OmniZap classifier's four tables, against tables as that program makes them.  The
 * statements are ours, from the description of its columns; ASSAY_TEST_MYSQL as in mysql_test.c. */
#include "store/seed2.h"

#include "base/test.h"

#include <math.h>

static ay_err err;

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const char schema[] =
    "CREATE DATABASE IF NOT EXISTS omnizap_dev CHARACTER SET latin1;"
    "GRANT ALL PRIVILEGES ON omnizap_dev.* TO assay@localhost; USE omnizap_dev; SET NAMES utf8mb4;"
    "CREATE TABLE clip_image_embedding_cache (image_hash CHAR(64) NOT NULL, asset_id VARCHAR(64) NULL,"
    " model_name VARCHAR(80) NOT NULL, embedding_dim SMALLINT UNSIGNED NOT NULL, embedding MEDIUMBLOB NOT"
    " NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT"
    " CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (image_hash)) ENGINE=InnoDB DEFAULT"
    " CHARSET=utf8mb4;"
    "CREATE TABLE clip_label_embedding_cache (model_name VARCHAR(80) NOT NULL, label VARCHAR(191) NOT NULL,"
    " embedding_dim SMALLINT UNSIGNED NOT NULL, embedding MEDIUMBLOB NOT NULL, created_at TIMESTAMP NOT NULL"
    " DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY"
    " (model_name, label)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
    "CREATE TABLE clip_llm_label_expansion_cache (cache_key CHAR(64) NOT NULL PRIMARY KEY, model_name"
    " VARCHAR(80) NOT NULL, top_labels_json TEXT NOT NULL, expansion_json LONGTEXT NOT NULL, created_at"
    " TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT"
    " CURRENT_TIMESTAMP) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
    "CREATE TABLE clip_image_theme_feedback (image_hash CHAR(64) NOT NULL, theme VARCHAR(120) NOT NULL,"
    " asset_id VARCHAR(64) NULL, acceptance_count INT UNSIGNED NOT NULL DEFAULT 0, total_assignments INT"
    " UNSIGNED NOT NULL DEFAULT 0, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at"
    " TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (image_hash, theme)) ENGINE=InnoDB DEFAULT"
    " CHARSET=utf8mb4;";

static const char rows[] =
    "USE omnizap_dev; SET NAMES utf8mb4; SET time_zone = '+00:00';"
    "INSERT INTO clip_image_theme_feedback VALUES"
    " ('" HEX "1', 'anime \xf0\x9f\x8d\x9c', 'a-7', 3, 4, '2024-05-06 07:08:09', '2024-05-07 00:00:00'),"
    " (UPPER('" HEX "2'), 'gatos', NULL, 0, 4294967295, '2024-05-06 07:08:09', '2024-05-07 00:00:00'),"
    " ('" HEX "3', 'more accepted than asked', NULL, 5, 4, NOW(), NOW()),"
    " ('" HEX "3', 'never asked', NULL, 0, 0, NOW(), NOW()),"
    " ('" HEX "3', '', NULL, 1, 1, NOW(), NOW()),"
    " ('no digest', 'x', NULL, 1, 1, NOW(), NOW());"
    /* 0.6, 0.8 and 0, -1 as little-endian floats */
    "INSERT INTO clip_image_embedding_cache VALUES"
    " ('" HEX "1', 'a-7', 'MobileCLIP-S1', 2, X'9A99193FCDCC4C3F', '2024-05-06 07:08:09', NOW()),"
    " ('" HEX "2', NULL, 'MobileCLIP-S1', 2, X'00000000', NOW(), NOW()),"
    " ('" HEX "3', NULL, 'MobileCLIP-S1', 2, X'0000000000000000', NOW(), NOW()),"
    " ('" HEX "4', NULL, 'MobileCLIP-S1', 2, X'0000C07F00000000', NOW(), NOW()),"
    " ('" HEX "5', NULL, 'MobileCLIP-S1', 0, '', NOW(), NOW());"
    "INSERT INTO clip_label_embedding_cache VALUES"
    " ('MobileCLIP-S1', 'foto de praia \xc3\xa3', 2, X'00000000000080BF', NOW(), NOW());"
    "INSERT INTO clip_llm_label_expansion_cache VALUES"
    " ('" HEX "1', 'gpt', '[\"a\"]', '{\"subtags\": [ \"x\"], \"emotions\":[]}', NOW(), NOW()),"
    " ('" HEX "2', 'gpt', '[\"b\"]', '{\"subtags\":[],\"emotions\": [ ]}', NOW(), NOW());";

static void root(const char *sql)
{
    FILE *f = popen("test/mariadb/server sql", "w");

    CHECK(f);
    fputs(sql, f);
    CHECK(pclose(f) == 0);
}

/* The test's URL with another database. */
static const char *url(const char *database)
{
    static char text[512];
    const char *u = getenv("ASSAY_TEST_MYSQL"), *at;

    if (!u)
        SKIP("no MariaDB; test/mariadb/run brings one");
    at = strstr(u, "/assay?");
    CHECK(at);
    snprintf(text, sizeof text, "%.*s/%s%s", (int)(at - u), u, database, at + strlen("/assay"));
    return text;
}

typedef struct {
    ay_seed2_feedback feedback[2];
    char theme[32], asset[8], sha256[65], label[32];
    float image[2], text[2];
    int nfeedback, nvectors, nexpansions;
    int64_t created_us;
    ay_status answer;
} seen;

static ay_status on_feedback(void *ctx, const ay_seed2_feedback *f, ay_err *e)
{
    seen *s = ctx;

    (void)e;
    if (s->nfeedback == 0) {
        snprintf(s->theme, sizeof s->theme, "%s", f->theme);
        snprintf(s->asset, sizeof s->asset, "%s", f->asset);
    } else {
        snprintf(s->sha256, sizeof s->sha256, "%s", f->sha256);
    }
    if (s->nfeedback < 2)
        s->feedback[s->nfeedback++] = *f;
    return s->answer;
}

static ay_status on_vector(void *ctx, const ay_seed2_vector *v, ay_err *e)
{
    seen *s = ctx;

    (void)e;
    s->nvectors++;
    memcpy(v->sha256 ? s->image : s->text, v->data, (size_t)v->dim * sizeof(float));
    if (v->label)
        snprintf(s->label, sizeof s->label, "%s", v->label);
    else
        s->created_us = v->created_us;
    return strcmp(v->model, "MobileCLIP-S1") == 0 ? AY_OK : AY_ECORRUPT;
}

static ay_status on_expansion(void *ctx, const ay_seed2_expansion *x, ay_err *e)
{
    seen *s = ctx;

    (void)e;
    s->nexpansions++;
    return strcmp(x->labels, "[\"a\"]") == 0 && strstr(x->expansion, "subtags") ? AY_OK : AY_ECORRUPT;
}

static ay_seed2_visitor visitor(seen *s)
{
    return (ay_seed2_visitor){.feedback = on_feedback, .vector = on_vector, .expansion = on_expansion, .ctx = s};
}

static void the_four_tables_are_read_and_what_cannot_be_is_refused(void)
{
    seen s = {.answer = AY_OK};
    ay_seed2_visitor v = visitor(&s);
    const char *where = url("omnizap_dev");
    ay_seed2_counts n;

    root(schema);
    root(rows);
    CHECK_OK(ay_seed2_read(where, &v, &n, &err), err);
    CHECK(n.tables == 4 && n.feedback == 2 && n.images == 1 && n.labels == 1 && n.expansions == 1);
    CHECK(n.refused == 4 + 4 + 1 && strstr(n.why, "clip_image_theme_feedback"));
    CHECK(strcmp(s.theme, "anime \xf0\x9f\x8d\x9c") == 0 && strcmp(s.asset, "a-7") == 0);
    CHECK(s.feedback[0].accepted == 3 && s.feedback[0].total == 4);
    CHECK(s.feedback[0].created_us == 1714979289000000 && s.feedback[0].updated_us == 1715040000000000);
    CHECK(strcmp(s.sha256, HEX "2") == 0 && s.feedback[1].total == 4294967295);
    CHECK(s.image[0] == 0.6f && s.image[1] == 0.8f && s.text[0] == 0 && s.text[1] == -1);
    CHECK(strcmp(s.label, "foto de praia \xc3\xa3") == 0 && s.created_us == 1714979289000000);
}

static void only_what_is_asked_for_is_read(void)
{
    seen s = {.answer = AY_OK};
    ay_seed2_visitor v = visitor(&s);
    const char *where = url("omnizap_dev");
    ay_seed2_counts n;

    v.vector = NULL, v.expansion = NULL;
    CHECK_OK(ay_seed2_read(where, &v, &n, &err), err);
    CHECK(n.feedback == 2 && n.images == 0 && n.expansions == 0 && s.nvectors == 0 && n.tables == 4);
    s = (seen){.answer = AY_ECANCELLED};
    CHECK(ay_seed2_read(where, &v, &n, &err) == AY_ECANCELLED && s.nfeedback == 1);
    root("DROP TABLE omnizap_dev.clip_label_embedding_cache, omnizap_dev.clip_image_embedding_cache");
    s = (seen){.answer = AY_OK};
    v = visitor(&s);
    CHECK_OK(ay_seed2_read(where, &v, &n, &err), err);
    CHECK(n.tables == 2 && n.feedback == 2 && n.labels == 0);
}

static void another_database_says_so(void)
{
    seen s = {.answer = AY_OK};
    ay_seed2_visitor v = visitor(&s);
    ay_seed2_counts n;

    CHECK(ay_seed2_read(url("assay"), &v, &n, &err) == AY_ENOTFOUND && strstr(err.msg, "four tables"));
    CHECK(ay_seed2_read("sqlite:/x", &v, &n, &err) == AY_EINVAL && strstr(err.msg, "mysql://"));
    root("DROP DATABASE omnizap_dev");
}

static void the_environment_makes_a_url(void)
{
    ay_buf b = {0};

    unsetenv("DB_HOST");
    CHECK(ay_seed2_url(&b, &err) == AY_EINVAL && strstr(err.msg, "DB_HOST"));
    setenv("DB_HOST", "10.0.0.7", 1);
    setenv("DB_USER", "bot", 1);
    setenv("DB_PASSWORD", "p@/:?%", 1);
    setenv("DB_NAME", "omnizap", 1);
    CHECK_OK(ay_seed2_url(&b, &err), err);
    CHECK(strcmp(b.data, "mysql://bot:p%40%2F%3A%3F%25@10.0.0.7:3306/omnizap_dev") == 0);
    b.len = 0;
    setenv("NODE_ENV", "production", 1);
    setenv("DB_PORT", "3307", 1);
    CHECK_OK(ay_seed2_url(&b, &err), err);
    CHECK(strstr(b.data, ":3307/omnizap_prod"));
    b.len = 0;
    setenv("DB_NAME", "omnizap_dev", 1);
    CHECK_OK(ay_seed2_url(&b, &err), err);
    CHECK(strcmp(strrchr(b.data, '/'), "/omnizap_dev") == 0);
    ay_buf_fini(&b);
}

TESTS({"the four tables are read, and what cannot be is refused",
       the_four_tables_are_read_and_what_cannot_be_is_refused},
      {"only what is asked for is read", only_what_is_asked_for_is_read},
      {"another database says so", another_database_says_so},
      {"the environment makes a URL", the_environment_makes_a_url})
