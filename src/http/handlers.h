/* http/handlers.h - the functions behind the table of routes, by the file that holds them. */
#ifndef AY_HTTP_HANDLERS_H
#define AY_HTTP_HANDLERS_H

#include "http/router.h"

#include "service/picture.h"
#include "service/scan.h"

/* h_system.c */
ay_handler ay_h_health, ay_h_metrics;
/* h_info.c */
ay_handler ay_h_info, ay_h_qr, ay_h_authority;
/* h_page.c: the page and its files; also what answers an address that no row knows */
ay_handler ay_h_root, ay_h_page;
/* h_plain.c: pages without script, for browsers that give no camera over plain HTTP */
ay_handler ay_h_plain, ay_h_plain_scan, ay_h_plain_css;
/* h_docs.c */
ay_handler ay_h_openapi, ay_h_docs, ay_h_docs_css, ay_h_docs_js;
/* h_data.c */
ay_handler ay_h_datasets, ay_h_dataset_create, ay_h_dataset_get, ay_h_dataset_change,
    ay_h_dataset_delete, ay_h_classes, ay_h_class_create, ay_h_class_change, ay_h_class_delete,
    ay_h_undo;
/* h_images.c */
ay_handler ay_h_images_add, ay_h_images_list, ay_h_image_put, ay_h_image_get, ay_h_image_move,
    ay_h_image_delete, ay_h_image_file, ay_h_image_thumb;
/* h_export.c */
ay_handler ay_h_export, ay_h_export_plan;
/* h_pictures.c */
ay_handler ay_h_pictures_list, ay_h_picture_get, ay_h_pictures_facts, ay_h_opinions, ay_h_opinions_ask, ay_h_pictures_change, ay_h_pictures_teach;
/* h_tags.c */
ay_handler ay_h_tags, ay_h_albums, ay_h_saved, ay_h_tag_create, ay_h_tag_change, ay_h_tag_delete, ay_h_album_create,
    ay_h_album_change, ay_h_album_delete, ay_h_saved_create, ay_h_saved_change, ay_h_saved_delete, ay_h_audit;
/* h_scan.c */
ay_handler ay_h_predict, ay_h_suspects, ay_h_jobs, ay_h_job_cancel, ay_h_events;
/* h_models.c */
ay_handler ay_h_models, ay_h_model_get, ay_h_model_promote, ay_h_model_rollback, ay_h_model_history,
    ay_h_model_report, ay_h_model_predict, ay_h_predictions_add, ay_h_predictions_list,
    ay_h_predictions_sum, ay_h_predictions_delete, ay_h_model_delete;
/* h_why.c */
ay_handler ay_h_prediction_get, ay_h_prediction_delete, ay_h_prediction_heat, ay_h_prediction_doubt;
/* h_train.c */
ay_handler ay_h_job_get, ay_h_job_stop, ay_h_job_resume, ay_h_job_events, ay_h_train, ay_h_train_sources;
/* h_classify.c */
ay_handler ay_h_classify;
/* h_encoders.c */
ay_handler ay_h_encoders, ay_h_encoder_pull, ay_h_encoder_use;
/* h_seed2.c */
ay_handler ay_h_s2_classify, ay_h_s2_labels, ay_h_s2_feedback, ay_h_feedback_add, ay_h_feedback_list;
/* h_map.c */
ay_handler ay_h_map;
/* h_review.c */
ay_handler ay_h_review, ay_h_review_answer, ay_h_review_progress;
/* h_duplicates.c */
ay_handler ay_h_duplicates, ay_h_duplicates_run, ay_h_duplicates_resolve, ay_h_duplicates_apart;
/* h_clusters.c */
ay_handler ay_h_clusters, ay_h_clusters_drop, ay_h_clusters_run, ay_h_clusters_merge, ay_h_cluster_get, ay_h_cluster_change, ay_h_cluster_pictures,
    ay_h_cluster_move, ay_h_cluster_split, ay_h_cluster_class, ay_h_s4_clusters, ay_h_s4_grouped;
/* h_search.c */
ay_handler ay_h_search;
/* h_seed3.c */
ay_handler ay_h_s5_start, ay_h_s5_status, ay_h_s5_list, ay_h_s5_result, ay_h_s5_download, ay_h_s5_sample,
    ay_h_s5_cancel, ay_h_s5_delete, ay_h_s5_samples, ay_h_s5_confirm, ay_h_inspection,
    ay_h_inspect, ay_h_inspection_file, ay_h_inspection_golden, ay_h_inspection_sources;
ay_handler ay_h_s3_upload, ay_h_s3_batch, ay_h_s3_classes, ay_h_s3_images, ay_h_s3_stats,
    ay_h_s3_static;
/* h_library_in.c */
ay_handler ay_h_intake_add, ay_h_intake_known, ay_h_intake_put, ay_h_intake, ay_h_intake_cancel, ay_h_intake_dismiss, ay_h_intake_folder, ay_h_import,
    ay_h_watches, ay_h_watch_remove;
/* h_seed4.c */
ay_handler ay_h_s4_add, ay_h_s4_file;
/* h_seed1.c */
ay_handler ay_h_s1_scan, ay_h_s1_upload, ay_h_s1_upload_multiple, ay_h_s1_capture_multiple,
    ay_h_s1_create, ay_h_s1_classes, ay_h_s1_images, ay_h_s1_retrain, ay_h_s1_image;

/* What handlers of several files share.  Both wait at the gate (http/gate.h) with the picture. */
ay_status ay_h_add(ay_server *s, const ay_upload *u, const char *dataset, const char *klass,
                   const char *file, ay_arena *a, ay_added *out, ay_err *err);
ay_status ay_h_scan_upload(ay_request *rq, ay_decision *out, ay_err *err);
ay_status ay_h_send_picture(ay_request *rq, const char *sha256, ay_err *err);

#endif
