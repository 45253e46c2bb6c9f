/* cmd/commands.h - the subcommands' entry points, for the table in main.c only. */
#ifndef AY_CMD_COMMANDS_H
#define AY_CMD_COMMANDS_H

int ay_cmd_serve(int argc, char **argv);
int ay_cmd_demo(int argc, char **argv);
int ay_cmd_scan(int argc, char **argv);
int ay_cmd_train(int argc, char **argv);
int ay_cmd_inspect(int argc, char **argv);
int ay_cmd_eval(int argc, char **argv);
int ay_cmd_predict(int argc, char **argv);
int ay_cmd_report(int argc, char **argv);
int ay_cmd_dataset(int argc, char **argv);
int ay_cmd_classify(int argc, char **argv);
int ay_cmd_search(int argc, char **argv);
int ay_cmd_pictures(int argc, char **argv);
int ay_cmd_tag(int argc, char **argv);
int ay_cmd_album(int argc, char **argv);
int ay_cmd_cluster(int argc, char **argv);
int ay_cmd_dups(int argc, char **argv);
int ay_cmd_plant(int argc, char **argv);
int ay_cmd_embed(int argc, char **argv);
int ay_cmd_export(int argc, char **argv);
int ay_cmd_import(int argc, char **argv);
int ay_cmd_watch(int argc, char **argv);
int ay_cmd_model(int argc, char **argv);
int ay_cmd_backup(int argc, char **argv);
int ay_cmd_restore(int argc, char **argv);
int ay_cmd_check(int argc, char **argv);
int ay_cmd_review(int argc, char **argv);
int ay_cmd_doctor(int argc, char **argv);
int ay_cmd_config(int argc, char **argv);

#endif
