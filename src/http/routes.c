/* http/routes.c - every route of the program, in the order in which /docs shows them.
 *
 * A row: method, path, handler, flags, body; tag, operation id, summary; query parameters (described
 * in http/openapi.c), schema of the body (in assets/schemas.json), replies.  See http/router.h. */
#include "http/routes.h"
#include "http/handlers.h"

enum { NOW = AY_ROUTE_INLINE, QUIET = AY_ROUTE_QUIET, LONG = AY_ROUTE_LONG, PAGE = NOW | QUIET | AY_ROUTE_HIDDEN };

/* clang-format off */
const ay_route ay_routes[] = {
    /* pages */
    {"GET", "/", ay_h_root, PAGE, AY_BODY_NONE, "page", "root", "The web application", "", NULL, "200:text/html"},
    {"GET", "/plain", ay_h_plain, QUIET | AY_ROUTE_HIDDEN, AY_BODY_NONE, "page", "plain", "Scan without script", "", NULL, "200:text/html"},
    {"POST", "/plain/scan", ay_h_plain_scan, AY_ROUTE_HIDDEN, AY_BODY_PICTURE, "page", "plainScan", "Scan without script", "", NULL, "200:text/html"},
    {"GET", "/plain/plain.css", ay_h_plain_css, PAGE, AY_BODY_NONE, "page", "plainCss", "", "", NULL, "200:text/css"},
    {"GET", "/docs/docs.css", ay_h_docs_css, PAGE, AY_BODY_NONE, "page", "docsCss", "", "", NULL, "200:text/css"},
    {"GET", "/docs/docs.js", ay_h_docs_js, PAGE, AY_BODY_NONE, "page", "docsJs", "", "", NULL, "200:text/javascript"},

    /* scan */
    {"POST", "/v1/predict", ay_h_predict, 0, AY_BODY_PICTURE, "scan", "predict", "Which class does this picture show?",
     "dataset method top", "PredictForm", "200:Decision 400 404 413 415 422 503"},

    /* data sets and classes */
    {"GET", "/v1/datasets", ay_h_datasets, 0, AY_BODY_NONE, "data sets", "listDatasets", "All data sets", "", NULL, "200:DatasetList"},
    {"POST", "/v1/datasets", ay_h_dataset_create, 0, AY_BODY_JSON, "data sets", "createDataset", "A new data set, empty or from a preset", "", "DatasetCreate", "201:Dataset 400 409 413 415"},
    {"GET", "/v1/datasets/{name}", ay_h_dataset_get, 0, AY_BODY_NONE, "data sets", "getDataset", "One data set", "", NULL, "200:Dataset 404"},
    {"PATCH", "/v1/datasets/{name}", ay_h_dataset_change, 0, AY_BODY_JSON, "data sets", "changeDataset", "Rename a data set, or make it the active one", "", "DatasetChange", "200:Dataset 400 404 409 413 415"},
    {"DELETE", "/v1/datasets/{name}", ay_h_dataset_delete, 0, AY_BODY_NONE, "data sets", "deleteDataset", "Delete a data set; the answer can undo it", "", NULL, "200:Undo 404 409"},
    {"GET", "/v1/classes", ay_h_classes, 0, AY_BODY_NONE, "data sets", "listClasses", "The classes of a data set", "dataset", NULL, "200:ClassList 404"},
    {"POST", "/v1/classes", ay_h_class_create, 0, AY_BODY_JSON, "data sets", "createClass", "A new class", "", "ClassCreate", "201:ClassName 400 404 409 413 415"},
    {"PATCH", "/v1/classes/{id}", ay_h_class_change, 0, AY_BODY_JSON, "data sets", "renameClass", "Rename a class", "", "ClassChange", "200:ClassName 400 404 409 413 415"},
    {"DELETE", "/v1/classes/{id}", ay_h_class_delete, 0, AY_BODY_NONE, "data sets", "deleteClass", "Delete a class and its pictures; the answer can undo it", "", NULL, "200:ClassUndo 404"},
    {"POST", "/v1/undo/{token}", ay_h_undo, 0, AY_BODY_NONE, "data sets", "undo", "Bring back what was deleted", "", NULL, "200:Restored 404 409"},

    /* reference pictures */
    {"GET", "/v1/images", ay_h_images_list, 0, AY_BODY_NONE, "pictures", "listImages", "Reference pictures, newest first, a page at a time", "dataset class cursor limit", NULL, "200:ImageList 400 404"},
    {"POST", "/v1/images", ay_h_images_add, 0, AY_BODY_PICTURES, "pictures", "addImages", "Teach: add one picture or many to a class", "class dataset file", "ImagesForm", "201:UploadResult 400 404 413 415 422 503"},
    {"GET", "/v1/images/{sha256}", ay_h_image_get, 0, AY_BODY_NONE, "pictures", "getImage", "What is known about a picture", "dataset", NULL, "200:Image 400 404"},
    {"PUT", "/v1/images/{sha256}", ay_h_image_put, 0, AY_BODY_RAW, "pictures", "putImage", "Add a picture under its digest; doing it again changes nothing", "class dataset file", NULL, "200:AddedImage 201:AddedImage 400 404 409 413 415 422 503"},
    {"PATCH", "/v1/images/{sha256}", ay_h_image_move, 0, AY_BODY_JSON, "pictures", "moveImage", "Move a picture to another class", "dataset", "ImageChange", "200:Image 400 404 413 415"},
    {"DELETE", "/v1/images/{sha256}", ay_h_image_delete, 0, AY_BODY_NONE, "pictures", "deleteImage", "Delete a picture; the answer can undo it", "dataset", NULL, "200:Undo 400 404"},
    {"GET", "/v1/images/{sha256}/file", ay_h_image_file, QUIET, AY_BODY_NONE, "pictures", "getImageFile", "The picture's bytes as they were uploaded; ranges and ETag", "", NULL, "200:image/* 206:image/* 304 400 404 416"},
    {"GET", "/v1/images/{sha256}/thumb", ay_h_image_thumb, QUIET, AY_BODY_NONE, "pictures", "getImageThumb", "A small JPEG of the picture", "size", NULL, "200:image/jpeg 304 400 404 422"},
    {"GET", "/v1/suspects", ay_h_suspects, 0, AY_BODY_NONE, "pictures", "suspects", "Reference pictures that look wrong or double", "dataset limit", NULL, "200:Suspects 400 404"},

    /* the library's shelf */
    {"GET", "/v1/map", ay_h_map, 0, AY_BODY_NONE, "library", "map", "The pictures of a data set as points on a plane, near ones alike; the layout of the bytes is in doc/organise.md",
     "dataset class tag album cluster text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model", NULL, "200:application/octet-stream 400 404 503"},
    {"GET", "/v1/pictures", ay_h_pictures_list, QUIET, AY_BODY_NONE, "library", "listPictures", "Pictures of the library or of a data set, filtered and ordered; any part of the list by its offset",
     "dataset class tag album cluster text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model order offset limit", NULL, "200:PictureList 400 404"},
    {"GET", "/v1/pictures/facts", ay_h_pictures_facts, QUIET, AY_BODY_NONE, "library", "pictureFacts", "What there is to filter by: cameras, formats, how many have no tag", "dataset", NULL, "200:PictureFacts 404"},
    {"GET", "/v1/pictures/opinions", ay_h_opinions, QUIET, AY_BODY_NONE, "library", "opinions", "What a trained model says of the pictures: how many it has looked at, and which classes it sees", "dataset model", NULL, "200:Opinions 404"},
    {"POST", "/v1/pictures/opinions", ay_h_opinions_ask, 0, AY_BODY_JSON, "library", "askOpinions", "Have the active trained model, or another one, look at the pictures it has not seen, in the background; then they can be filtered and ordered by what it says", "", "OpinionsForm", "202:JobWhole 400 404 409 413 415 503"},
    {"GET", "/v1/pictures/{sha256}", ay_h_picture_get, QUIET, AY_BODY_NONE, "library", "getPicture", "One picture as the list has it", "dataset", NULL, "200:Picture 404"},
    {"POST", "/v1/pictures/change", ay_h_pictures_change, LONG, AY_BODY_JSON, "library", "changePictures", "Tags, class, album of many pictures at once, or away with them; one token takes all of it back", "", "PictureChange", "200:PicturesChanged 400 404 409 413 415 503"},
    {"POST", "/v1/pictures/teach", ay_h_pictures_teach, LONG, AY_BODY_JSON, "library", "teachPictures", "Also into a class of another data set, with the vectors they have", "", "PictureTeach", "200:PicturesChanged 400 404 409 413 415"},
    {"GET", "/v1/tags", ay_h_tags, 0, AY_BODY_NONE, "library", "listTags", "Tags, with how many pictures of the data set, or of those that a filter leaves",
     "dataset class tag album cluster text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model", NULL, "200:TagList 400 404"},
    {"POST", "/v1/tags", ay_h_tag_create, 0, AY_BODY_JSON, "library", "createTag", "A new tag", "", "TagForm", "201:LabelChanged 400 404 409 413 415"},
    {"PATCH", "/v1/tags/{id}", ay_h_tag_change, 0, AY_BODY_JSON, "library", "changeTag", "Rename a tag, or make it part of another one", "", "TagForm", "200:LabelChanged 400 404 409 413 415"},
    {"DELETE", "/v1/tags/{id}", ay_h_tag_delete, 0, AY_BODY_NONE, "library", "deleteTag", "Delete a tag; its pictures stay, and the answer can undo it", "", NULL, "200:Undo 404"},
    {"GET", "/v1/albums", ay_h_albums, 0, AY_BODY_NONE, "library", "listAlbums", "Albums: pictures in an order made by hand, with how many pictures of the data set", "dataset", NULL, "200:AlbumList 404"},
    {"POST", "/v1/albums", ay_h_album_create, 0, AY_BODY_JSON, "library", "createAlbum", "A new album", "", "AlbumForm", "201:LabelChanged 400 404 409 413 415"},
    {"PATCH", "/v1/albums/{id}", ay_h_album_change, LONG, AY_BODY_JSON, "library", "changeAlbum", "Rename an album, give its pictures another order, or move some of them", "", "AlbumForm", "200:LabelChanged 400 404 409 413 415"},
    {"DELETE", "/v1/albums/{id}", ay_h_album_delete, 0, AY_BODY_NONE, "library", "deleteAlbum", "Delete an album; its pictures stay, and the answer can undo it", "", NULL, "200:Undo 404"},
    {"GET", "/v1/saved", ay_h_saved, 0, AY_BODY_NONE, "library", "listSaved", "Saved searches, with how many pictures of the data set", "dataset", NULL, "200:SavedList 404"},
    {"POST", "/v1/saved", ay_h_saved_create, 0, AY_BODY_JSON, "library", "createSaved", "A new saved search", "", "SavedForm", "201:LabelChanged 400 404 409 413 415"},
    {"PATCH", "/v1/saved/{id}", ay_h_saved_change, 0, AY_BODY_JSON, "library", "changeSaved", "Change a saved search", "", "SavedForm", "200:LabelChanged 400 404 409 413 415"},
    {"DELETE", "/v1/saved/{id}", ay_h_saved_delete, 0, AY_BODY_NONE, "library", "deleteSaved", "Delete a saved search; its pictures stay, and the answer can undo it", "", NULL, "200:Undo 404"},
    {"GET", "/v1/audit", ay_h_audit, 0, AY_BODY_NONE, "library", "audit", "Who did what and when, newest first, a page at a time", "sha256 cursor limit", NULL, "200:AuditList 400"},
    /* going out */
    {"GET", "/v1/export", ay_h_export, 0, AY_BODY_NONE, "library", "exportPictures", "Pictures of the library or of a data set as one file, with their classes, tags and albums; the formats are in doc/export.md",
     "dataset format pictures class tag album cluster text since until taken_since taken_until camera min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model order", NULL, "200:application/x-tar,application/json,text/csv,application/jsonl 400 404 503"},
    {"POST", "/v1/export", ay_h_export, LONG, AY_BODY_JSON, "library", "exportSelection", "The same of a selection; also from a form, with this object in its field 'request'", "", "ExportRequest", "200:application/x-tar,application/json,text/csv,application/jsonl 400 404 413 415 503"},
    {"POST", "/v1/export/plan", ay_h_export_plan, QUIET | LONG, AY_BODY_JSON, "library", "planExport", "What that would be: how many pictures and bytes, and the name of the file", "", "ExportRequest", "200:ExportPlan 400 404 413 415 503"},
    /* coming in */
    {"POST", "/v1/intake", ay_h_intake_add, 0, AY_BODY_PICTURES, "coming in", "intake", "Pictures by the thousand: kept when answered, taken in behind", "dataset class batch", "IntakeForm", "202:IntakeTaken 400 404 413 415 422 503"},
    {"POST", "/v1/intake/known", ay_h_intake_known, QUIET, AY_BODY_JSON, "coming in", "intakeKnown", "Which of these pictures the data set has already, so that they need not be sent", "", "IntakeAsked", "200:IntakeKnown 400 404 413 415"},
    {"PUT", "/v1/intake/{sha256}", ay_h_intake_put, 0, AY_BODY_RAW, "coming in", "intakePut", "The same for one picture under its digest; doing it again changes nothing", "dataset class file batch", NULL, "200:IntakeOne 202:IntakeOne 400 404 409 413 415 422 503"},
    {"GET", "/v1/intake", ay_h_intake, QUIET, AY_BODY_NONE, "coming in", "intakeState", "What waits, how fast it goes, imports, and what failed and why", "cursor limit imports", NULL, "200:IntakeState 400"},
    {"DELETE", "/v1/intake/batches/{id}", ay_h_intake_cancel, 0, AY_BODY_NONE, "coming in", "intakeCancel", "Drop what waits of an import; what was taken in stays", "", NULL, "200:IntakeDropped 404"},
    {"DELETE", "/v1/intake/failures", ay_h_intake_dismiss, 0, AY_BODY_NONE, "coming in", "intakeDismissAll", "Forget all failures", "", NULL, "200:IntakeDismissed"},
    {"DELETE", "/v1/intake/failures/{id}", ay_h_intake_dismiss, 0, AY_BODY_NONE, "coming in", "intakeDismiss", "Forget one failure", "", NULL, "200:IntakeDismissed 404"},
    {"POST", "/v1/intake/folder", ay_h_intake_folder, 0, AY_BODY_JSON, "coming in", "intakeFolder", "Read a folder of this machine once, or watch it; below the folders that the server was started with; asked through the data folder's socket, any", "", "IntakeFolderForm", "202:IntakeFolder 400 404 409 413 415"},
    {"POST", "/v1/import", ay_h_import, 0, AY_BODY_JSON, "coming in", "import", "Bring in an archive, a document about pictures or a folder with one, of this machine, as a job of the kind archive: its detail says what is in it and what is wrong with it; below the folders that the server was started with; asked through the data folder's socket, any", "", "ImportForm", "202:ImportJobs 400 404 413 415 503"},
    {"GET", "/v1/watches", ay_h_watches, 0, AY_BODY_NONE, "coming in", "watches", "Folders that are read or watched, with their state", "", NULL, "200:WatchList"},
    {"DELETE", "/v1/watches/{id}", ay_h_watch_remove, 0, AY_BODY_NONE, "coming in", "unwatch", "Watch a folder no longer; what came in stays", "", NULL, "204 404"},

    /* trained models */
    {"GET", "/v1/models", ay_h_models, 0, AY_BODY_NONE, "trained models", "models", "Trained models, newest first; and the scanner's encoder", "", NULL, "200:ModelList"},
    {"GET", "/v1/models/history", ay_h_model_history, 0, AY_BODY_NONE, "trained models", "modelHistory", "What served when, newest first", "limit", NULL, "200:ServedList 400"},
    {"GET", "/v1/models/{model}", ay_h_model_get, 0, AY_BODY_NONE, "trained models", "model", "One model with its metrics", "", NULL, "200:TrainedWhole 404"},
    {"DELETE", "/v1/models/{model}", ay_h_model_delete, 0, AY_BODY_NONE, "trained models", "deleteModel", "Delete a model, but never the active one; its answers stay on record", "", NULL, "204 404 409 503"},
    {"GET", "/v1/models/{model}/report", ay_h_model_report, 0, AY_BODY_NONE, "trained models", "modelReport", "The report of its training", "", NULL, "200:text/html 404"},
    {"POST", "/v1/models/{model}/promote", ay_h_model_promote, 0, AY_BODY_NONE, "trained models", "promote", "Let this model answer from now on", "", NULL, "200:TrainedWhole 404 422"},
    {"POST", "/v1/models/rollback", ay_h_model_rollback, 0, AY_BODY_NONE, "trained models", "rollback", "Let the model that served before answer again", "", NULL, "200:TrainedWhole 409"},
    {"POST", "/v1/models/{model}/predict", ay_h_model_predict, 0, AY_BODY_PICTURES, "trained models", "tryModel", "What would this model say? Nothing is recorded", "tta mc_dropout", "AnswersForm", "200:Answers 400 404 409 413 415 422 503"},
    {"POST", "/v1/predictions", ay_h_predictions_add, 0, AY_BODY_PICTURES, "trained models", "classify", "What does the active model say of these pictures? Recorded", "tta mc_dropout", "AnswersForm", "201:Answers 400 409 413 415 422 503"},
    {"GET", "/v1/predictions", ay_h_predictions_list, 0, AY_BODY_NONE, "trained models", "predictions", "Everything that was answered, newest first, a page at a time", "model status label text batch sha256 since until at_least at_most cursor limit", NULL, "200:AnswerList 400 404"},
    {"DELETE", "/v1/predictions", ay_h_predictions_delete, 0, AY_BODY_NONE, "trained models", "deletePredictions", "Delete the answers that match, with the pictures that only they name; without a filter only with all=true", "all model status label text batch sha256 since until at_least at_most", NULL, "200:Deleted 400 404 503"},
    {"GET", "/v1/predictions/stats", ay_h_predictions_sum, 0, AY_BODY_NONE, "trained models", "predictionStats", "How often which status, how fast", "model status label text batch sha256 since until at_least at_most", NULL, "200:AnswerSums 400 404"},
    {"GET", "/v1/predictions/{id}", ay_h_prediction_get, 0, AY_BODY_NONE, "trained models", "prediction", "One answer of the record", "", NULL, "200:Answer 404"},
    {"DELETE", "/v1/predictions/{id}", ay_h_prediction_delete, 0, AY_BODY_NONE, "trained models", "deletePrediction", "Delete one answer, with its picture unless something else names it", "", NULL, "204 404 503"},
    {"GET", "/v1/predictions/{id}/heat", ay_h_prediction_heat, 0, AY_BODY_NONE, "trained models", "predictionHeat", "The picture under a map of where the network looked; slow, few at a time", "label", NULL, "200:image/png 304 404 409 503"},
    {"GET", "/v1/predictions/{id}/doubt", ay_h_prediction_doubt, 0, AY_BODY_NONE, "trained models", "predictionDoubt", "How far the answer spreads: passes with dropout, and five views; slow, few at a time", "passes", NULL, "200:SecondLook 400 404 409 503"},
    {"POST", "/v1/train", ay_h_train, 0, AY_BODY_JSON, "trained models", "train", "Start a training in the background", "", "TrainRequest", "202:JobWhole 400 404 409 413 415"},
    {"GET", "/v1/train/sources", ay_h_train_sources, 0, AY_BODY_NONE, "trained models", "trainSources", "Data sets and folders that can be trained on", "", NULL, "200:TrainSources"},

    /* groups */
    {"GET", "/v1/review", ay_h_review, 0, AY_BODY_NONE, "review", "review", "What a person should look at next, and why: best first, near copies once", "dataset limit", NULL, "200:Review 400 404 503"},
    {"POST", "/v1/review", ay_h_review_answer, 0, AY_BODY_JSON, "review", "answerReview", "Answer a question: the picture, and copies of it that are named, are taught at once", "", "ReviewAnswer", "200:ReviewDone 400 404 409 413 415 503"},
    {"GET", "/v1/review/progress", ay_h_review_progress, 0, AY_BODY_NONE, "review", "reviewProgress", "How often the program had it right when a person answered, and how well it does on what it was taught", "dataset", NULL, "200:ReviewProgress 404 503"},
    {"GET", "/v1/duplicates", ay_h_duplicates, 0, AY_BODY_NONE, "duplicates", "duplicates", "Groups of pictures that are the same or look alike, a page at a time; starts looking where pictures have come", "dataset tier cursor limit", NULL, "200:DuplicateList 400 404"},
    {"POST", "/v1/duplicates/run", ay_h_duplicates_run, 0, AY_BODY_JSON, "duplicates", "runDuplicates", "Look for duplicates in the background: new pictures against the others, or all again", "", "DuplicateRun", "202:JobWhole 400 404 413 415 503"},
    {"POST", "/v1/duplicates/resolve", ay_h_duplicates_resolve, LONG, AY_BODY_JSON, "duplicates", "resolveDuplicates", "Of groups, or of all groups of a tier, keep some pictures and delete the others; tags and class go to the first that stays; one undo", "", "DuplicateResolve", "200:DuplicateResolved 400 404 409 413 415 503"},
    {"POST", "/v1/duplicates/apart", ay_h_duplicates_apart, 0, AY_BODY_JSON, "duplicates", "apartDuplicates", "These pictures are different: they are not grouped again; undo", "", "DuplicateApart", "200:DuplicatesApart 400 404 413 415 503"},

    {"GET", "/v1/clusters", ay_h_clusters, 0, AY_BODY_NONE, "groups", "clusters", "The groups of a data set's pictures as they are kept, the largest first; with a filter: those of what it means, which are beside the groups of the whole",
     "dataset class tag album text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model", NULL, "200:ClusterList 400 404 503"},
    {"DELETE", "/v1/clusters", ay_h_clusters_drop, 0, AY_BODY_NONE, "groups", "dropClusters", "Forget the groups of a filter, for good; the pictures stay", "dataset class tag album text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model", NULL, "204 400 404 503"},
    {"POST", "/v1/clusters/run", ay_h_clusters_run, 0, AY_BODY_JSON, "groups", "runClusters", "Make the groups anew, in the background; pinned ones stay, the others keep number and name where they are the same; the job's detail has an undo token; with a filter: groups of what it means, beside those of the whole", "", "ClusterRun", "202:JobWhole 400 404 413 415 503"},
    {"POST", "/v1/clusters/merge", ay_h_clusters_merge, 0, AY_BODY_JSON, "groups", "mergeClusters", "Several groups become one: that which a person named, else the largest", "", "ClusterMerge", "200:ClusterChanged 400 404 413 415 503"},
    {"GET", "/v1/clusters/{id}", ay_h_cluster_get, 0, AY_BODY_NONE, "groups", "cluster", "One group with its centre", "", NULL, "200:ClusterWhole 404"},
    {"PATCH", "/v1/clusters/{id}", ay_h_cluster_change, 0, AY_BODY_JSON, "groups", "changeCluster", "Name a group, pin it or let it go", "", "ClusterChange", "200:ClusterChanged 400 404 413 415 503"},
    {"GET", "/v1/clusters/{id}/pictures", ay_h_cluster_pictures, 0, AY_BODY_NONE, "groups", "clusterPictures", "The pictures of a group, nearest to its centre first; id 0: those that are in none", "dataset offset limit far class tag album text since until taken_since taken_until camera format min_side max_side min_bytes max_bytes untagged unsorted predicted min_score max_score min_margin max_margin disputed model", NULL, "200:ClusterPictures 400 404"},
    {"POST", "/v1/clusters/{id}/pictures", ay_h_cluster_move, LONG, AY_BODY_JSON, "groups", "moveToCluster", "Move pictures of its data set to a group; id 0: out of their groups", "", "ClusterMove", "200:ClusterMoved 400 404 409 413 415 503"},
    {"POST", "/v1/clusters/{id}/split", ay_h_cluster_split, 0, AY_BODY_JSON, "groups", "splitCluster", "Split a group into parts that are more alike; the largest keeps number and name", "", "ClusterSplit", "200:ClusterParts 400 404 409 413 415 503"},
    {"POST", "/v1/clusters/{id}/class", ay_h_cluster_class, 0, AY_BODY_JSON, "groups", "clusterToClass", "The pictures of a group become a class: of its data set, or also of another one", "", "ClusterClass", "200:ClusterClassed 400 404 413 415 503"},

    /* encoders */
    {"GET", "/v1/encoders", ay_h_encoders, 0, AY_BODY_NONE, "encoders", "encoders", "Encoders: the embedded one, those that can be pulled, those that are here; which one serves", "", NULL, "200:EncoderList 400"},
    {"POST", "/v1/encoders/{encoder}/pull", ay_h_encoder_pull, 0, AY_BODY_JSON, "encoders", "pullEncoder", "Bring an encoder to this machine, in the background; goes on where an earlier pull stopped", "", "PullForm", "202:JobWhole 400 404 409 413 415 503"},

    {"POST", "/v1/encoders/{encoder}/use", ay_h_encoder_use, 0, AY_BODY_NONE, "encoders", "useEncoder", "Serve with another encoder: it is opened, all pictures get its vectors, then it takes over; the one that serves answers until then", "", NULL, "202:JobWhole 404 409 503"},

    /* the program */
    {"GET", "/v1/info", ay_h_info, 0, AY_BODY_NONE, "program", "info", "Version, model, limits, addresses", "", NULL, "200:Info"},
    {"GET", "/v1/jobs/{id}", ay_h_job_get, QUIET, AY_BODY_NONE, "program", "job", "One job, with its curve from a point on", "from", NULL, "200:JobWhole 400 404"},
    {"GET", "/v1/jobs/{id}/events", ay_h_job_events, NOW | QUIET, AY_BODY_NONE, "program", "jobEvents", "Server-sent events of one job; ends with it", "", NULL, "200:text/event-stream 404 503"},
    {"POST", "/v1/jobs/{id}/cancel", ay_h_job_stop, 0, AY_BODY_NONE, "program", "stopJob", "Ask a job to stop; a training keeps its best so far, asked twice nothing", "", NULL, "200:JobWhole 404 409"},
    {"POST", "/v1/jobs/{id}/resume", ay_h_job_resume, 0, AY_BODY_NONE, "program", "resumeJob", "Go on with a training that failed because a disk was full or memory was short", "", NULL, "202:JobWhole 404 409"},
    {"GET", "/v1/jobs", ay_h_jobs, 0, AY_BODY_NONE, "program", "jobs", "Work in the background, newest first", "", NULL, "200:JobList"},
    {"DELETE", "/v1/jobs/{id}", ay_h_job_cancel, 0, AY_BODY_NONE, "program", "cancelJob", "Ask a running job to stop; a training that could be resumed is given up", "", NULL, "204 404 409"},
    {"GET", "/v1/events", ay_h_events, NOW | QUIET, AY_BODY_NONE, "program", "events", "Server-sent events: job, dataset, ping, lost", "", NULL, "200:text/event-stream 503"},
    {"GET", "/v1/qr.svg", ay_h_qr, QUIET, AY_BODY_NONE, "program", "qr", "QR code of the address for a phone", "", NULL, "200:image/svg+xml 404"},
    {"GET", "/v1/ca.crt", ay_h_authority, 0, AY_BODY_NONE, "program", "authority", "Certificate of the local authority, for phones to trust", "format", NULL, "200:application/x-x509-ca-cert 400 404"},
    {"GET", "/health", ay_h_health, NOW | QUIET, AY_BODY_NONE, "program", "health", "Is the program well, and what does it run?", "", NULL, "200:Health 503:Health"},
    {"GET", "/metrics", ay_h_metrics, NOW | QUIET, AY_BODY_NONE, "program", "metrics", "Counters in Prometheus text format", "", NULL, "200:text/plain"},
    {"GET", "/openapi.json", ay_h_openapi, QUIET, AY_BODY_NONE, "program", "openapi", "This interface as OpenAPI 3.1", "", NULL, "200:OpenApi 304"},
    {"GET", "/docs", ay_h_docs, QUIET, AY_BODY_NONE, "program", "docs", "This interface as a page", "", NULL, "200:text/html 304"},

    /* the first scanner's routes */
    {"POST", "/scan", ay_h_s1_scan, 0, AY_BODY_PICTURE, "first scanner", "s1Scan", "Scan; method=mean is the first scanner's formula", "method dataset", "S1ScanForm", "200:S1Scan 400 404 413 415 422 503"},
    {"POST", "/dataset/upload", ay_h_s1_upload, 0, AY_BODY_PICTURE, "first scanner", "s1Upload", "Add one picture to a class", "", "S1UploadForm", "200:S1Upload 400 404 413 415 422 503"},
    {"POST", "/dataset/upload-multiple", ay_h_s1_upload_multiple, 0, AY_BODY_PICTURES, "first scanner", "s1UploadMultiple", "Add many pictures to a class", "", "S1UploadMultipleForm", "200:S1UploadMultiple 400 404 413 415 422 503"},
    {"POST", "/dataset/capture-multiple", ay_h_s1_capture_multiple, 0, AY_BODY_PICTURES, "first scanner", "s1CaptureMultiple", "Add a camera burst to a class", "", "S1UploadMultipleForm", "200:S1UploadMultiple 400 404 413 415 422 503"},
    {"POST", "/dataset/create", ay_h_s1_create, 0, AY_BODY_FORM, "first scanner", "s1Create", "A new class in the active data set", "", "S1CreateForm", "200:S1Create 400 409 413 415"},
    {"GET", "/dataset/classes", ay_h_s1_classes, 0, AY_BODY_NONE, "first scanner", "s1Classes", "The classes of the active data set", "", NULL, "200:S1Classes"},
    {"GET", "/dataset/images/{class}", ay_h_s1_images, 0, AY_BODY_NONE, "first scanner", "s1Images", "The pictures of a class", "", NULL, "200:S1Images 404"},
    {"POST", "/dataset/retrain", ay_h_s1_retrain, 0, AY_BODY_NONE, "first scanner", "s1Retrain", "Examine the data set and embed what waits", "", NULL, "200:S1Success"},
    {"GET", "/images/{class}/{file}", ay_h_s1_image, QUIET, AY_BODY_NONE, "first scanner", "s1Image", "A picture's bytes; ranges and ETag", "", NULL, "200:image/* 206:image/* 304 404 416"},

    /* words */
    {"POST", "/v1/classify", ay_h_classify, 0, AY_BODY_PICTURE, "words", "classifyWords", "Which of these words fits the picture best? Labels that the encoder cannot read are named and get no score", "", "WordForm", "200:WordAnswer 400 409 413 415 422 503"},
    {"POST", "/v1/feedback", ay_h_feedback_add, 0, AY_BODY_JSON, "words", "giveVerdict", "Does this picture belong to this theme? With a key (or the header Idempotency-Key) once, however often it is sent", "", "VerdictForm", "200:Verdict 201:Verdict 400 404 409 413 415 503"},
    {"GET", "/v1/feedback", ay_h_feedback_list, 0, AY_BODY_NONE, "words", "listVerdicts", "Verdicts, newest first, a page at a time", "sha256 theme cursor limit", NULL, "200:VerdictList 400"},
    {"POST", "/v1/search", ay_h_search, 0, AY_BODY_FORM, "search", "search", "Stored pictures by words, by a picture, or by both; nothing when nothing matches", "", "SearchForm", "200:SearchAnswer 400 404 409 413 415 422 503"},
    {"POST", "/classify", ay_h_s2_classify, 0, AY_BODY_PICTURE, "words", "s2Classify", "Which of these words fits the picture best?", "", "S2ClassifyForm", "200:S2Answer 400 409 413 415 422 503"},
    {"GET", "/labels", ay_h_s2_labels, 0, AY_BODY_NONE, "words", "s2Labels", "The default labels, and the thresholds in force", "", NULL, "200:S2Labels"},
    {"POST", "/feedback", ay_h_s2_feedback, 0, AY_BODY_JSON, "words", "s2Feedback", "Does this picture belong to this theme?", "", "S2FeedbackForm", "200:S2Ok 400 404 409 413 415 422 503"},

    /* the picture organiser's routes */
    {"GET", "/clusters", ay_h_s4_clusters, 0, AY_BODY_NONE, "picture organiser", "s4Clusters", "The library's groups as they are kept; up to 2,000 pictures are grouped when they were not", "", NULL, "200:S4Clusters 503"},
    {"GET", "/clusters/grouped", ay_h_s4_grouped, 0, AY_BODY_NONE, "picture organiser", "s4ClustersGrouped", "The same by category", "", NULL, "200:S4Grouped 503"},

    /* the part classifier's routes */
    {"POST", "/upload", ay_h_s3_upload, 0, AY_BODY_PICTURE, "part classifier", "s3Upload", "Classify one picture", "return_top_3", "S3UploadForm", "200:S3Result 400 409 413 415 422 503"},
    {"POST", "/predict/batch", ay_h_s3_batch, 0, AY_BODY_PICTURES, "part classifier", "s3Batch", "Classify many pictures", "", "S3BatchForm", "200:S3Batch 400 409 413 503"},
    {"GET", "/classes", ay_h_s3_classes, 0, AY_BODY_NONE, "part classifier", "s3Classes", "The classes of the active model", "", NULL, "200:S3Classes 409"},
    {"GET", "/images", ay_h_s3_images, 0, AY_BODY_NONE, "part classifier", "s3Images", "Classified pictures, newest first, then those of the library, in order; the fields of both old systems", "confident_only limit", NULL, "200:S3Images 400"},
    {"POST", "/images", ay_h_s4_add, 0, AY_BODY_PICTURE, "image organiser", "s4Add", "Put a picture into the library", "", "S4Form", "200:S4Image 400 413 415 422 503"},
    {"GET", "/storage/{file}", ay_h_s4_file, QUIET, AY_BODY_NONE, "image organiser", "s4File", "A picture's bytes; ranges and ETag", "", NULL, "200:image/* 206:image/* 304 404 416"},
    {"GET", "/stats", ay_h_s3_stats, 0, AY_BODY_NONE, "part classifier", "s3Stats", "How many predictions, how many confident, how fast", "", NULL, "200:S3Stats"},
    {"GET", "/static/{file}", ay_h_s3_static, QUIET, AY_BODY_NONE, "part classifier", "s3Static", "A classified picture's bytes; ranges and ETag", "", NULL, "200:image/* 206:image/* 304 404 416"},

    /* inspection */
    {"POST", "/v1/inspect", ay_h_inspect, 0, AY_BODY_PICTURES, "inspection", "inspect", "Do these pictures match their golden samples? Those of one component at one moment are one question, a light each; their coded names tell", "task", "InspectForm", "200:InspectAnswer 400 404 409 413 415 422 503"},
    {"GET", "/v1/inspections/sources", ay_h_inspection_sources, 0, AY_BODY_NONE, "inspection", "inspectionSources", "Folders with OK/ in them that an inspection training may be given", "", NULL, "200:InspectionSources"},
    {"GET", "/v1/inspections/{task}/files/{file_type}", ay_h_inspection_file, QUIET, AY_BODY_NONE, "inspection", "inspectionFile", "A file of it, to be looked at", "", NULL, "200:image/* 400 404 503"},
    {"GET", "/v1/inspections/{task}/golden/{number}", ay_h_inspection_golden, QUIET, AY_BODY_NONE, "inspection", "goldenPicture", "The picture of a golden sample", "", NULL, "200:image/png 404"},
    {"GET", "/v1/inspections/{task}", ay_h_inspection, QUIET, AY_BODY_NONE, "inspection", "inspection", "One inspection training with all that is known of it", "", NULL, "200:Inspection 404"},

    /* the inspection trainer's routes */
    {"POST", "/training/start", ay_h_s5_start, 0, AY_BODY_JSON, "inspection trainer", "s5Start", "Begin: the names of the pictures are read, then the orientations are asked for", "", "S5StartForm", "200:S5Started 400 413 415"},
    {"GET", "/training/status/{task}", ay_h_s5_status, QUIET, AY_BODY_NONE, "inspection trainer", "s5Status", "How far it is", "", NULL, "200:S5Task 404"},
    {"GET", "/training/list", ay_h_s5_list, QUIET, AY_BODY_NONE, "inspection trainer", "s5List", "All of them, newest first", "", NULL, "200:S5TaskList 503"},
    {"GET", "/training/result/{task}", ay_h_s5_result, 0, AY_BODY_NONE, "inspection trainer", "s5Result", "What came of it", "", NULL, "200:S5Result 400 404"},
    {"GET", "/training/download/{task}/{file_type}", ay_h_s5_download, 0, AY_BODY_NONE, "inspection trainer", "s5Download", "A file of it: model, evaluation_csv, confusion_matrix, summary, class_accuracy, similarity_dist, module, missing, golden, thresholds, train_config", "", NULL, "200:application/octet-stream 400 404 503"},
    {"POST", "/training/cancel/{task}", ay_h_s5_cancel, 0, AY_BODY_NONE, "inspection trainer", "s5Cancel", "Stop it", "", NULL, "200:S5Message 400 404"},
    {"DELETE", "/training/delete/{task}", ay_h_s5_delete, 0, AY_BODY_NONE, "inspection trainer", "s5Delete", "Out of the list; with delete_files=true its files too", "delete_files", NULL, "200:S5Message 400 404"},
    {"GET", "/orientation/samples/{task}", ay_h_s5_samples, 0, AY_BODY_NONE, "inspection trainer", "s5Samples", "Pictures of every class, for a person to say how it is turned", "", NULL, "200:S5SampleList 400 404"},
    {"POST", "/orientation/confirm/{task}", ay_h_s5_confirm, 0, AY_BODY_JSON, "inspection trainer", "s5Confirm", "How every class is turned: Up, Down, Left or Right; may be sent again until the network learns", "", "S5ConfirmForm", "200:S5Message 400 404 413 415"},
    {"GET", "/temp/{task}/{class}/{file}", ay_h_s5_sample, QUIET, AY_BODY_NONE, "inspection trainer", "s5Sample", "One of those pictures", "", NULL, "200:image/* 404"},
};
/* clang-format on */

const size_t ay_route_count = sizeof ay_routes / sizeof *ay_routes;
