/* service/jobs_nodes.c - jobs where several nodes share a database: service/nodes.h. */
#include "service/jobs_parts.h"
#include "service/nodes.h"

ay_status ay_jobs_adopt(ay_service *s, const void *taken, ay_arena *a, const char **request)
{
    const ay_store_job *row = taken;
    ay_job_slot *j;

    *request = ay_arena_strdup(a, row->request);
    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, row->id);
    if (j)
        ay_jobs_empty(j);
    else
        j = ay_jobs_place(s);
    ay_jobs_fill(j, row);
    j->state = AY_JOB_RUNNING;
    j->leased = true;
    ay_jobs_say(j, "");
    s->last_job = row->id > s->last_job ? row->id : s->last_job;
    s->running++;
    ay_jobs_tell(s, "job", "", row->id);
    pthread_mutex_unlock(&s->jobs_lock);
    return *request ? AY_OK : AY_ENOMEM;
}

/* With jobs_lock held.  What this node works on it knows better than the store. */
static void follow_one(ay_service *s, const ay_store_job *row)
{
    ay_job_slot *j = ay_jobs_find(s, row->id), fresh;
    bool elsewhere = ay_nodes_elsewhere(s, row);

    if (j && (j->leased || j->asked || (!elsewhere && !j->elsewhere && j->state == AY_JOB_RUNNING)))
        return;
    if (j && !elsewhere && !ay_nodes_any(s, row->kind))
        return;
    ay_jobs_fill(&fresh, row);
    fresh.elsewhere = elsewhere;
    if (!j) {
        j = ay_jobs_place(s);
    } else {
        fresh.kept = fresh.kept && !elsewhere;
        ay_jobs_empty(j);
    }
    *j = fresh;
    s->last_job = row->id > s->last_job ? row->id : s->last_job;
    ay_jobs_tell(s, "job", "", row->id);
}

void ay_jobs_follow(ay_service *s)
{
    ay_store_job *list = NULL;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    if (ay_store_job_list(s->store, AY_JOBS_KEPT, &a, &list, &n, NULL) == AY_OK) {
        pthread_mutex_lock(&s->jobs_lock);
        for (size_t i = 0; i < n; i++)
            follow_one(s, &list[i]);
        pthread_cond_broadcast(&s->jobs_changed);
        pthread_mutex_unlock(&s->jobs_lock);
    }
    ay_arena_fini(&a);
}

int ay_jobs_leased(ay_service *s, int64_t *ids, int most)
{
    int n = 0;

    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs && n < most; i++)
        if (s->jobs[i].leased && s->jobs[i].state == AY_JOB_RUNNING)
            ids[n++] = s->jobs[i].id;
    pthread_mutex_unlock(&s->jobs_lock);
    return n;
}

void ay_job_lost(ay_service *s, int64_t id)
{
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j && j->leased) {
        s->running -= j->state == AY_JOB_RUNNING;
        j->leased = false;
        j->elsewhere = true;
        if (j->asked)
            atomic_store(j->asked, true);
        if (s->control && s->control_job == id)
            atomic_store(&s->control->pause, true);
    }
    pthread_mutex_unlock(&s->jobs_lock);
}

void ay_job_asked(ay_service *s, int64_t id, int times)
{
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j && times > j->cancel) {
        j->cancel = times;
        if (j->asked)
            atomic_store(j->asked, true);
        ay_jobs_tell_training(s, j);
    }
    pthread_mutex_unlock(&s->jobs_lock);
}
