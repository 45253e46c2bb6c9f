#include "http/plain_words.h"
#include "http/openapi.h"

#include <string.h>

enum { EN, PT, DE, ZH, LANGUAGES };

typedef struct {
    const char *code;
    const char *text[LANGUAGES];
} sentence;

/* clang-format off */
static const sentence sentences[] = {
    {"match",
     {"Compare the two pictures: do they show the same kind of thing?",
      "Compare as duas imagens: elas mostram o mesmo tipo de coisa?",
      "Vergleichen Sie die beiden Bilder: Zeigen sie dieselbe Art von Ding?",
      "请比较两张图片：它们是同一类东西吗？"}},
    {"match_few",
     {"Most like {a}; there are too few pictures yet to know what does not belong. Add some more.",
      "Mais parecido com {a}; ainda há imagens de menos para saber o que não pertence. Adicione mais algumas.",
      "Am ähnlichsten ist {a}; noch sind es zu wenige Bilder, um zu wissen, was nicht dazugehört. Fügen Sie weitere hinzu.",
      "最像 {a}；图片还太少，无法判断什么不属于图库。请再添加一些。"}},
    {"match_stored",
     {"This very picture is stored as {a}.",
      "Esta mesma imagem está guardada como {a}.",
      "Genau dieses Bild ist als {a} gespeichert.",
      "这张图片本身已存为 {a}。"}},
    {"mean",
     {"On average most like {a}. This way of deciding never refuses, so compare the two pictures.",
      "Em média, mais parecido com {a}. Este modo nunca recusa, então compare as duas imagens.",
      "Im Mittel am ähnlichsten: {a}. Dieses Verfahren lehnt nie ab, vergleichen Sie also die beiden Bilder.",
      "平均而言最像 {a}。这种方式从不拒绝，请比较两张图片。"}},
    {"no_match_far",
     {"Nothing stored looks like this; the nearest picture shows {a}. Take it again, closer and in better light, or add pictures if it is something new.",
      "Nada guardado se parece com isto; a imagem mais próxima mostra {a}. Fotografe de novo, mais perto e com mais luz, ou adicione imagens se for algo novo.",
      "Nichts Gespeichertes sieht so aus; das nächste Bild zeigt {a}. Fotografieren Sie noch einmal, näher und bei besserem Licht, oder fügen Sie Bilder hinzu, wenn es etwas Neues ist.",
      "图库中没有类似的东西；最接近的图片是 {a}。请靠近一些、在更好的光线下重拍；如果是新东西，请添加图片。"}},
    {"ambiguous_two",
     {"Most likely {a}, but it could be {b}. Show another side or come closer.",
      "Provavelmente {a}, mas pode ser {b}. Mostre outro lado ou chegue mais perto.",
      "Am ehesten {a}, aber es könnte auch {b} sein. Zeigen Sie eine andere Seite oder gehen Sie näher heran.",
      "最可能是 {a}，但也可能是 {b}。请换一面或靠近一些。"}},
    {"ambiguous_reference",
     {"The most similar picture is of {b}, most of the others are of {a}. Show another side.",
      "A imagem mais parecida é de {b}, a maioria das outras é de {a}. Mostre outro lado.",
      "Das ähnlichste Bild zeigt {b}, die meisten anderen zeigen {a}. Zeigen Sie eine andere Seite.",
      "最相似的图片属于 {b}，其余大多属于 {a}。请换一面。"}},
    {"no_dataset",
     {"There is nothing to compare with yet: create a class in the application and add a few pictures of it.",
      "Ainda não há com o que comparar: crie uma classe no aplicativo e adicione algumas imagens.",
      "Noch gibt es nichts zum Vergleichen: Legen Sie in der Anwendung eine Klasse an und fügen Sie einige Bilder hinzu.",
      "还没有可比较的图片：请在应用中创建一个类别并添加几张图片。"}},
};

static const struct {
    int status;
    const char *text[LANGUAGES]; /* English: the service's own words say more */
} problems[] = {
    {400, {"", "Nenhuma imagem foi enviada, ou ela está vazia.", "Es kam kein Bild an, oder es ist leer.", "没有收到图片，或图片为空。"}},
    {413, {"", "Esta imagem é grande demais.", "Dieses Bild ist zu groß.", "这张图片太大。"}},
    {415, {"", "Este arquivo não é uma imagem que o Assay lê.", "Diese Datei ist kein Bild, das Assay lesen kann.", "这个文件不是 Assay 能读取的图片。"}},
    {422, {"", "Esta imagem está danificada.", "Dieses Bild ist beschädigt.", "这张图片已损坏。"}},
    {503, {"", "O scanner está ocupado. Tente daqui a pouco.", "Assay ist gerade ausgelastet. Versuchen Sie es gleich noch einmal.", "扫描器正忙，请稍后再试。"}},
};
/* clang-format on */

static int language(const char *lang)
{
    static const char *const tags[LANGUAGES] = {"en", "pt", "de", "zh"};

    for (int i = 0; i < LANGUAGES; i++)
        if (strcmp(tags[i], lang) == 0)
            return i;
    return EN;
}

static void bold(ay_buf *out, const char *name)
{
    ay_buf_puts(out, "<b>");
    ay_html_text(out, name ? name : "?");
    ay_buf_puts(out, "</b>");
}

void ay_plain_sentence(const ay_decision *d, const char *lang, ay_buf *out)
{
    const char *text = NULL;

    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (strcmp(sentences[i].code, d->message_code) == 0)
            text = sentences[i].text[language(lang)];
    if (!text) {
        ay_html_text(out, d->message);
        return;
    }
    for (; *text; text++) {
        if (*text == '{') {
            bold(out, text[1] == 'a' ? d->arg_first : d->arg_second);
            text += 2;
        } else {
            ay_buf_putc(out, *text);
        }
    }
}

void ay_plain_problem(int status, const char *detail, const char *lang, ay_buf *out)
{
    int l = language(lang);

    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i].status == status && *problems[i].text[l]) {
            ay_buf_puts(out, problems[i].text[l]);
            return;
        }
    }
    ay_html_text(out, detail);
}
